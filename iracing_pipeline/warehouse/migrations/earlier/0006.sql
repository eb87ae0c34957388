-- How fast the dampers of a car move in a session.

CREATE TABLE racing.damper_histogram (
    session_key   text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    damper        text NOT NULL,
    laps          text NOT NULL CHECK (laps IN ('clean', 'timed')),
    lap_count     integer NOT NULL,
    record_count  integer NOT NULL,
    edges_mps     double precision[] NOT NULL,
    shares        double precision[] NOT NULL,
    threshold_mps double precision NOT NULL,
    high_rebound  double precision NOT NULL,
    low_rebound   double precision NOT NULL,
    low_bump      double precision NOT NULL,
    high_bump     double precision NOT NULL,
    PRIMARY KEY (session_key, damper),
    CHECK (cardinality(shares) = cardinality(edges_mps) + 1)
);
