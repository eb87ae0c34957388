-- The evidence by which the grid and the corner map of a track are kept.

CREATE TABLE racing.track_measurement (
    session_key   text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    track_id      integer NOT NULL,
    length_m      double precision NOT NULL,
    witness_count smallint NOT NULL,
    lap_dist_m    double precision,
    driven_m      double precision,
    path_m        double precision,
    declared_m    double precision,
    latitude_deg  double precision,
    longitude_deg double precision,
    apex_pct      double precision[],
    PRIMARY KEY (session_key)
);

CREATE INDEX track_measurement_track ON racing.track_measurement (track_id);
