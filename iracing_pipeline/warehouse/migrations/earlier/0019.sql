-- Forecasts by the fields of the last races, which the check of 0005 refuses.

ALTER TABLE racing.rating_forecast
    DROP CONSTRAINT rating_forecast_basis_check,
    ADD CONSTRAINT rating_forecast_basis_check
        CHECK (basis IN ('fields', 'results', 'observations'));
