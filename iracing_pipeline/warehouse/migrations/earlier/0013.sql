-- What races come down to: iRating by place, seconds by cause, pace in clean air and in traffic.

CREATE TABLE racing.irating_outcome (
    subsession_id     bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number integer NOT NULL,
    group_id          bigint NOT NULL,
    cust_id           bigint NOT NULL,
    car_class_id      integer,
    place_in_class    integer NOT NULL CHECK (place_in_class > 0),
    finished_here     boolean,
    irating_change    double precision,
    official_change   integer,
    place_value       double precision,
    irating_before    integer,
    car_rating        double precision,
    expected_score    double precision,
    entry_count       integer,
    lap_share         double precision,
    completed         boolean,
    note              text,
    PRIMARY KEY (subsession_id, simsession_number, group_id, cust_id, place_in_class)
);

CREATE TABLE racing.race_ledger (
    subsession_id     bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number integer NOT NULL,
    group_id          bigint NOT NULL,
    against_group_id  bigint NOT NULL,
    cause             text NOT NULL CHECK (cause IN ('start', 'pace', 'traffic', 'stops',
        'mistakes', 'fade', 'cautions', 'unexplained')),
    seconds           double precision NOT NULL,
    low_s             double precision,
    high_s            double precision,
    evidence          jsonb NOT NULL,
    supported         boolean NOT NULL,
    lap_count         integer NOT NULL,
    own_s             double precision NOT NULL,
    own_error_s       double precision,
    share             double precision,
    gap_s             double precision NOT NULL,
    lap_number        integer NOT NULL,
    laps_down         integer,
    official_gap_s    double precision,
    car_class_id      integer,
    PRIMARY KEY (subsession_id, simsession_number, group_id, cause)
);

CREATE TABLE racing.race_pace (
    subsession_id      bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number  integer NOT NULL,
    group_id           bigint NOT NULL,
    car_class_id       integer,
    clean_pace_s       double precision,
    clean_pace_low_s   double precision,
    clean_pace_high_s  double precision,
    lap_spread_s       double precision,
    fade_s_per_lap     double precision,
    fade_low_s_per_lap double precision,
    fade_high_s_per_lap double precision,
    lap_count          integer NOT NULL,
    traffic_lap_count  integer NOT NULL,
    PRIMARY KEY (subsession_id, simsession_number, group_id)
);

CREATE TABLE racing.traffic_effect (
    subsession_id         bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number     integer NOT NULL,
    car_class_id          integer NOT NULL,
    gap_low_s             double precision NOT NULL,
    gap_high_s            double precision NOT NULL,
    effect_s_per_lap      double precision NOT NULL,
    effect_low_s_per_lap  double precision NOT NULL,
    effect_high_s_per_lap double precision NOT NULL,
    lap_count             integer NOT NULL,
    car_count             integer NOT NULL,
    PRIMARY KEY (subsession_id, simsession_number, car_class_id, gap_low_s)
);

CREATE TABLE racing.race_analysis (
    subsession_id bigint PRIMARY KEY REFERENCES racing.subsession ON DELETE CASCADE,
    version       integer NOT NULL,
    ledger_rows   integer NOT NULL,
    note          text
);

ALTER TABLE racing.race_finding
    ADD COLUMN low_s double precision,
    ADD COLUMN high_s double precision,
    ADD COLUMN places integer,
    ADD COLUMN irating double precision,
    ADD COLUMN advice text,
    ADD COLUMN cause text;

CREATE TABLE racing.race_incident (
    session_key       text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    incident          integer NOT NULL CHECK (incident > 0),
    lap_number        integer NOT NULL,
    session_time_s    double precision NOT NULL,
    distance_m        double precision,
    corner            smallint,
    points            integer NOT NULL CHECK (points > 0),
    total_points      integer NOT NULL,
    kind              text,
    seconds           double precision,
    position_before   integer,
    position_after    integer,
    PRIMARY KEY (session_key, incident)
);

CREATE TABLE racing.penalty_ladder (
    session_key      text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    step             integer NOT NULL CHECK (step > 0),
    penalty          text NOT NULL CHECK (penalty IN ('penalty', 'disqualification')),
    at_points        integer NOT NULL CHECK (at_points > 0),
    points           integer,
    points_left      integer,
    PRIMARY KEY (session_key, step)
);
