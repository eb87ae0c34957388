-- When a reference lap was driven.

ALTER TABLE racing.reference_lap ADD COLUMN driven_at timestamptz;
