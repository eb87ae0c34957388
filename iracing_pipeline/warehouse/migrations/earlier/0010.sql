-- Laps of a race weekend: start, pace and cooldown, what each begins at, and its simsession.

ALTER TABLE racing.telemetry_lap
    DROP CONSTRAINT telemetry_lap_kind_check,
    ADD CONSTRAINT telemetry_lap_kind_check CHECK (kind IN ('timed', 'out', 'in', 'pit', 'partial',
        'reset', 'tow', 'start', 'pace', 'cooldown')),
    DROP CONSTRAINT IF EXISTS telemetry_lap_lap_time_method_check,
    ADD CONSTRAINT telemetry_lap_lap_time_method_check CHECK (lap_time_method IN ('clock',
        'interpolation', 'green', 'official')),
    ADD COLUMN begins_at text,
    ADD COLUMN ends_at text,
    ADD COLUMN simsession_number integer,
    ADD COLUMN simsession_type text;
