-- Races driven again with one change, and experiments.

CREATE TABLE racing.race_what_if (
    subsession_id     bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number integer NOT NULL,
    group_id          bigint NOT NULL,
    question          text NOT NULL,
    question_number   integer NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('mistake', 'slow_stop', 'fewer_stops',
        'stop_lap', 'start', 'any')),
    lap_number        integer,
    place             double precision,
    place_low         integer,
    place_high        integer,
    place_as_it_was   double precision,
    places_gained     double precision,
    gained_s          double precision,
    gained_low_s      double precision,
    gained_high_s     double precision,
    irating_change    double precision,
    irating_gained    double precision,
    races             integer,
    refused_for       text,
    PRIMARY KEY (subsession_id, simsession_number, group_id, question)
);

ALTER TABLE racing.race_analysis ADD COLUMN what_if_version integer;

CREATE TABLE racing.experiment (
    name         text PRIMARY KEY,
    a            text NOT NULL,
    b            text NOT NULL,
    plan         text[] NOT NULL,
    laps_per_run integer NOT NULL CHECK (laps_per_run > 0),
    cust_id      bigint NOT NULL,
    car_id       integer NOT NULL,
    track_id     integer NOT NULL,
    driver_name  text,
    car_name     text,
    track_name   text,
    lap_spread_s double precision,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz
);

CREATE TABLE racing.experiment_run (
    name            text NOT NULL REFERENCES racing.experiment ON DELETE CASCADE,
    run             integer NOT NULL CHECK (run > 0),
    variant         text NOT NULL CHECK (variant IN ('A', 'B')),
    session_key     text NOT NULL,
    stint           integer NOT NULL,
    start_time      timestamptz NOT NULL,
    clean_lap_count integer NOT NULL,
    mean_lap_time_s double precision NOT NULL,
    PRIMARY KEY (name, run)
);

CREATE TABLE racing.experiment_look (
    name           text NOT NULL REFERENCES racing.experiment ON DELETE CASCADE,
    block          integer NOT NULL CHECK (block > 0),
    difference_s   double precision NOT NULL,
    low_s          double precision,
    high_s         double precision,
    faster         text CHECK (faster IN ('A', 'B')),
    lap_count      integer NOT NULL,
    lap_s          double precision NOT NULL,
    block_spread_s double precision,
    laps_needed    integer,
    PRIMARY KEY (name, block)
);
