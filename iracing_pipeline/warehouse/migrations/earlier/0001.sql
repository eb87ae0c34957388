-- Telemetry sessions and laps, and the pipeline's own books.

CREATE SCHEMA IF NOT EXISTS racing;
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS grafana;

CREATE TABLE racing.telemetry_session (
    session_key          text PRIMARY KEY CHECK (session_key <> ''),
    file_name            text NOT NULL,
    start_time           timestamptz NOT NULL,
    end_time             timestamptz,
    duration_s           double precision CHECK (duration_s >= 0),
    tick_rate_hz         integer NOT NULL CHECK (tick_rate_hz > 0),
    record_count         bigint NOT NULL CHECK (record_count >= 0),
    channel_count        integer NOT NULL CHECK (channel_count >= 0),
    ibt_version          smallint NOT NULL,
    closed               boolean NOT NULL,
    warnings             text[],
    subsession_id        bigint CHECK (subsession_id > 0),
    simsession_number    integer,
    simsession_type      text,
    event_type           text,
    category             text,
    series_id            integer CHECK (series_id > 0),
    season_id            integer CHECK (season_id > 0),
    track_id             integer,
    track_name           text,
    track_config         text,
    track_length_m       double precision CHECK (track_length_m > 0),
    pit_speed_limit_mps  double precision CHECK (pit_speed_limit_mps > 0),
    car_id               integer,
    car_name             text,
    car_path             text,
    cust_id              bigint CHECK (cust_id > 0),
    driver_name          text,
    team_name            text,
    irating              integer CHECK (irating > 1),
    licence_class        text CHECK (licence_class IN ('R', 'D', 'C', 'B', 'A', 'P')),
    safety_rating        double precision CHECK (safety_rating BETWEEN 0 AND 5),
    fuel_tank_l          double precision CHECK (fuel_tank_l >= 0),
    fuel_density_kg_per_l double precision CHECK (fuel_density_kg_per_l > 0),
    setup_name           text,
    setup                jsonb,
    sector_start_pct     double precision[],
    air_temp_c           double precision,
    track_temp_c         double precision,
    relative_humidity    double precision,
    wind_speed_mps       double precision CHECK (wind_speed_mps >= 0),
    lap_count            integer NOT NULL CHECK (lap_count >= 0),
    timed_lap_count      integer NOT NULL CHECK (timed_lap_count BETWEEN 0 AND lap_count),
    clean_lap_count      integer NOT NULL CHECK (clean_lap_count BETWEEN 0 AND timed_lap_count),
    best_lap_time_s      double precision CHECK (best_lap_time_s > 0),
    incidents            integer CHECK (incidents >= 0),
    frames_uri           text,
    CHECK (end_time >= start_time)
);

CREATE TABLE racing.telemetry_lap (
    session_key          text NOT NULL
                         REFERENCES racing.telemetry_session ON DELETE CASCADE,
    stint                integer NOT NULL CHECK (stint >= 1),
    lap_number           integer NOT NULL CHECK (lap_number >= 0),
    kind                 text NOT NULL
                         CHECK (kind IN ('timed', 'out', 'in', 'pit', 'partial', 'reset', 'tow')),
    reasons              text[] NOT NULL,
    clean                boolean NOT NULL,
    lap_time_s           double precision CHECK (lap_time_s > 0),
    lap_time_method      text CHECK (lap_time_method IN ('clock', 'interpolation')),
    official_lap_time_s  double precision CHECK (official_lap_time_s > 0),
    residual_s           double precision,
    start_time           timestamptz NOT NULL,
    start_session_time_s double precision NOT NULL,
    end_session_time_s   double precision NOT NULL,
    first_record         bigint NOT NULL CHECK (first_record >= 0),
    record_count         bigint NOT NULL CHECK (record_count >= 0),
    distance_m           double precision CHECK (distance_m >= 0),
    fuel_start_l         double precision CHECK (fuel_start_l >= 0),
    fuel_end_l           double precision CHECK (fuel_end_l >= 0),
    fuel_added_l         double precision,
    fuel_used_l          double precision,
    max_speed_mps        double precision CHECK (max_speed_mps >= 0),
    air_temp_c           double precision,
    track_temp_c         double precision,
    track_wetness        integer CHECK (track_wetness >= 0),
    incidents            integer CHECK (incidents >= 0),
    position             integer CHECK (position > 0),
    off_track_s          double precision CHECK (off_track_s >= 0),
    pit_road_s           double precision CHECK (pit_road_s >= 0),
    missed_records       integer CHECK (missed_records >= 0),
    PRIMARY KEY (session_key, stint, lap_number),
    CHECK (end_session_time_s >= start_session_time_s),
    CHECK (NOT clean OR (kind = 'timed' AND reasons = '{}' AND lap_time_s IS NOT NULL))
);

CREATE TABLE ops.telemetry_file (
    path            text PRIMARY KEY,
    file_name       text NOT NULL,
    size_bytes      bigint NOT NULL CHECK (size_bytes >= 0),
    modified_at     timestamptz NOT NULL,
    session_key     text,
    state           text NOT NULL CHECK (
                    state IN ('waiting', 'ready', 'loaded', 'quarantined', 'missing', 'duplicate')),
    unchanged_since timestamptz NOT NULL,
    first_seen_at   timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    record_count    bigint CHECK (record_count >= 0),
    note            text,
    requested_at    timestamptz,
    attempts        integer NOT NULL CHECK (attempts >= 0)
);

CREATE TABLE ops.quarantine (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    item        text NOT NULL,
    fingerprint text NOT NULL,
    file_name   text,
    size_bytes  bigint CHECK (size_bytes >= 0),
    modified_at timestamptz,
    reason      text NOT NULL CHECK (reason <> ''),
    advice      text,
    error_type  text,
    first_at    timestamptz NOT NULL DEFAULT now(),
    last_at     timestamptz NOT NULL DEFAULT now(),
    occurrences integer NOT NULL DEFAULT 1 CHECK (occurrences >= 1),
    resolved_at timestamptz,
    UNIQUE (source, item, fingerprint)
);

CREATE TABLE ops.load_audit (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    table_name    text NOT NULL,
    partition_key text,
    run_id        text,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz NOT NULL,
    rows_inserted bigint NOT NULL CHECK (rows_inserted >= 0),
    rows_updated  bigint NOT NULL CHECK (rows_updated >= 0),
    rows_deleted  bigint NOT NULL CHECK (rows_deleted >= 0),
    seconds       double precision NOT NULL CHECK (seconds >= 0),
    bytes         bigint NOT NULL CHECK (bytes >= 0),
    CHECK (finished_at >= started_at)
);

CREATE INDEX telemetry_session_start_time ON racing.telemetry_session (start_time);
CREATE INDEX telemetry_session_track_car ON racing.telemetry_session (track_id, car_id);

CREATE INDEX telemetry_session_subsession ON racing.telemetry_session (subsession_id)
    WHERE subsession_id IS NOT NULL;

CREATE INDEX telemetry_lap_start_time ON racing.telemetry_lap (start_time);
CREATE INDEX telemetry_file_session ON ops.telemetry_file (session_key);
CREATE INDEX load_audit_finished_at ON ops.load_audit (finished_at);
CREATE INDEX quarantine_open ON ops.quarantine (source, item) WHERE resolved_at IS NULL;
