-- The tables of the database at revision 0019, as a fresh one begins. Do not change this file: a
-- change is a revision of its own in versions/. Views, comments and bounds are made after it.

CREATE SCHEMA IF NOT EXISTS racing;
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS grafana;

CREATE TABLE racing.telemetry_session (
    session_key           text PRIMARY KEY CHECK (session_key <> ''),
    file_name             text NOT NULL,
    start_time            timestamptz NOT NULL,
    end_time              timestamptz,
    duration_s            double precision CHECK (duration_s >= 0),
    tick_rate_hz          integer NOT NULL CHECK (tick_rate_hz > 0),
    record_count          bigint NOT NULL CHECK (record_count >= 0),
    channel_count         integer NOT NULL CHECK (channel_count >= 0),
    ibt_version           smallint NOT NULL,
    closed                boolean NOT NULL,
    warnings              text[],
    subsession_id         bigint CHECK (subsession_id > 0),
    simsession_number     integer,
    simsession_type       text,
    event_type            text,
    category              text,
    series_id             integer CHECK (series_id > 0),
    season_id             integer CHECK (season_id > 0),
    track_id              integer,
    track_name            text,
    track_config          text,
    track_length_m        double precision CHECK (track_length_m > 0),
    pit_speed_limit_mps   double precision CHECK (pit_speed_limit_mps > 0),
    car_id                integer,
    car_name              text,
    car_path              text,
    cust_id               bigint CHECK (cust_id > 0),
    driver_name           text,
    team_name             text,
    irating               integer CHECK (irating > 1),
    licence_class         text CHECK (licence_class IN ('R', 'D', 'C', 'B', 'A', 'P')),
    safety_rating         double precision CHECK (safety_rating BETWEEN 0 AND 5),
    fuel_tank_l           double precision CHECK (fuel_tank_l >= 0),
    fuel_density_kg_per_l double precision CHECK (fuel_density_kg_per_l > 0),
    setup_name            text,
    setup                 jsonb,
    sector_start_pct      double precision[],
    air_temp_c            double precision,
    track_temp_c          double precision,
    relative_humidity     double precision,
    wind_speed_mps        double precision CHECK (wind_speed_mps >= 0),
    lap_count             integer NOT NULL CHECK (lap_count >= 0),
    timed_lap_count       integer NOT NULL,
    clean_lap_count       integer NOT NULL,
    best_lap_time_s       double precision CHECK (best_lap_time_s > 0),
    incidents             integer CHECK (incidents >= 0),
    frames_uri            text,
    start_source          text NOT NULL DEFAULT 'header' CHECK (start_source IN ('header',
        'file_name', 'modified')),
    utc_offset_s          integer CHECK (utc_offset_s BETWEEN -43200 AND 50400),
    driver_source         text CHECK (driver_source IN ('DriverUserID', 'DriverCarIdx')),
    build_version         text,
    build_season          text,
    car_version           text,
    power_source          text NOT NULL DEFAULT 'fuel' CHECK (power_source IN ('fuel', 'hybrid',
        'electric')),
    energy_capacity_kwh   double precision CHECK (energy_capacity_kwh >= 0),
    CHECK (timed_lap_count BETWEEN 0 AND lap_count),
    CHECK (clean_lap_count BETWEEN 0 AND timed_lap_count),
    CHECK (end_time >= start_time)
);
CREATE INDEX telemetry_session_start_time ON racing.telemetry_session (start_time);
CREATE INDEX telemetry_session_subsession ON racing.telemetry_session (subsession_id)
    WHERE subsession_id IS NOT NULL;
CREATE INDEX telemetry_session_track_car ON racing.telemetry_session (track_id, car_id);

CREATE TABLE racing.telemetry_lap (
    session_key          text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    stint                integer NOT NULL CHECK (stint >= 1),
    lap_number           integer NOT NULL CHECK (lap_number >= 0),
    kind                 text NOT NULL CHECK (kind IN ('timed', 'out', 'in', 'pit', 'partial',
        'reset', 'tow', 'start', 'pace', 'cooldown')),
    reasons              text[] NOT NULL,
    clean                boolean NOT NULL,
    lap_time_s           double precision CHECK (lap_time_s > 0),
    lap_time_method      text CHECK (lap_time_method IN ('clock', 'interpolation', 'green',
        'official')),
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
    begins_at            text,
    ends_at              text,
    simsession_number    integer,
    simsession_type      text,
    energy_start_kwh     double precision,
    energy_end_kwh       double precision,
    energy_used_kwh      double precision,
    energy_deployed_kwh  double precision,
    PRIMARY KEY (session_key, stint, lap_number),
    CHECK (end_session_time_s >= start_session_time_s),
    CHECK (NOT clean OR (kind = 'timed' AND reasons = '{}' AND lap_time_s IS NOT NULL))
);
CREATE INDEX telemetry_lap_start_time ON racing.telemetry_lap (start_time);

CREATE TABLE racing.track_grid (
    track_id             integer PRIMARY KEY,
    track_name           text,
    track_config         text,
    length_m             double precision NOT NULL CHECK (length_m > 0),
    interval_count       integer NOT NULL CHECK (interval_count > 0),
    origin_latitude_deg  double precision,
    origin_longitude_deg double precision,
    session_key          text NOT NULL
);

CREATE TABLE racing.track_measurement (
    session_key   text PRIMARY KEY REFERENCES racing.telemetry_session ON DELETE CASCADE,
    track_id      integer NOT NULL,
    length_m      double precision NOT NULL,
    witness_count smallint NOT NULL,
    lap_dist_m    double precision,
    driven_m      double precision,
    path_m        double precision,
    declared_m    double precision,
    latitude_deg  double precision,
    longitude_deg double precision,
    apex_pct      double precision[]
);
CREATE INDEX track_measurement_track ON racing.track_measurement (track_id);

CREATE TABLE racing.lap_trace (
    session_key          text NOT NULL,
    stint                integer NOT NULL,
    lap_number           integer NOT NULL,
    track_id             integer,
    length_m             double precision NOT NULL,
    interval_count       integer NOT NULL CHECK (interval_count > 0),
    lap_time_s           double precision NOT NULL CHECK (lap_time_s > 0),
    closure_s            double precision NOT NULL,
    origin_latitude_deg  double precision,
    origin_longitude_deg double precision,
    elapsed_s            double precision[] NOT NULL,
    east_m               real[],
    north_m              real[],
    speed_mps            real[],
    throttle             real[],
    brake                real[],
    clutch               real[],
    steering_rad         real[],
    gear                 smallint[],
    rpm                  real[],
    lat_accel_mps2       real[],
    long_accel_mps2      real[],
    yaw_rate_radps       real[],
    yaw_rad              real[],
    abs_active           boolean[],
    altitude_m           real[],
    lf_temp_c            real[],
    lf_ride_height_m     real[],
    rf_temp_c            real[],
    rf_ride_height_m     real[],
    lr_temp_c            real[],
    lr_ride_height_m     real[],
    rr_temp_c            real[],
    rr_ride_height_m     real[],
    PRIMARY KEY (session_key, stint, lap_number),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE,
    CHECK (cardinality(elapsed_s) = (interval_count + 1))
);
CREATE INDEX lap_trace_track ON racing.lap_trace (track_id, lap_time_s);

CREATE TABLE racing.lap_sector (
    session_key text NOT NULL,
    stint       integer NOT NULL,
    lap_number  integer NOT NULL,
    sector      smallint NOT NULL CHECK (sector >= 1),
    start_pct   double precision NOT NULL,
    end_pct     double precision NOT NULL,
    time_s      double precision NOT NULL CHECK (time_s > 0),
    PRIMARY KEY (session_key, stint, lap_number, sector),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
);

CREATE TABLE racing.corner_map (
    track_id    integer NOT NULL,
    version     smallint NOT NULL CHECK (version >= 1),
    corner      smallint NOT NULL CHECK (corner >= 1),
    start_pct   double precision NOT NULL,
    apex_pct    double precision NOT NULL,
    end_pct     double precision NOT NULL,
    start_m     double precision NOT NULL,
    apex_m      double precision NOT NULL,
    end_m       double precision NOT NULL,
    direction   text NOT NULL CHECK (direction IN ('left', 'right')),
    turn_rad    double precision NOT NULL,
    radius_m    double precision NOT NULL,
    lap_count   integer NOT NULL,
    clean       boolean NOT NULL,
    session_key text NOT NULL,
    PRIMARY KEY (track_id, version, corner)
);

CREATE TABLE racing.lap_corner (
    session_key     text NOT NULL,
    stint           integer NOT NULL,
    lap_number      integer NOT NULL,
    corner          smallint NOT NULL,
    track_id        integer,
    map_version     smallint NOT NULL,
    time_s          double precision NOT NULL CHECK (time_s >= 0),
    straight_s      double precision NOT NULL CHECK (straight_s >= 0),
    brake_point_m   double precision,
    peak_brake      double precision,
    entry_speed_mps double precision,
    min_speed_mps   double precision,
    exit_speed_mps  double precision,
    turn_in_m       double precision,
    apex_m          double precision,
    throttle_on_m   double precision,
    coasting_s      double precision,
    steering_rad    double precision,
    abs_s           double precision,
    lock_s          double precision,
    wheelspin_s     double precision,
    peak_shock_mps  double precision,
    shock_rate_hz   integer,
    wheel_rate_hz   integer,
    PRIMARY KEY (session_key, stint, lap_number, corner),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
);
CREATE INDEX lap_corner_track ON racing.lap_corner (track_id, corner, map_version);

CREATE TABLE racing.stint (
    session_key                text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    stint                      integer NOT NULL,
    began                      text NOT NULL CHECK (began IN ('file', 'pit_exit', 'reset', 'tow',
        'session')),
    ended                      text NOT NULL CHECK (ended IN ('file', 'pit_stop', 'reset', 'tow',
        'session')),
    start_time                 timestamptz NOT NULL,
    start_session_time_s       double precision NOT NULL,
    end_session_time_s         double precision NOT NULL,
    cust_id                    bigint,
    driver_name                text,
    setup_name                 text,
    tyre_set                   integer NOT NULL,
    lap_count                  integer NOT NULL,
    timed_lap_count            integer NOT NULL,
    clean_lap_count            integer NOT NULL,
    distance_m                 double precision,
    fuel_start_l               double precision,
    fuel_end_l                 double precision,
    fuel_added_l               double precision,
    fuel_per_lap_l             double precision,
    pit_stop_s                 double precision,
    pit_loss_s                 double precision,
    best_lap_time_s            double precision,
    mean_lap_time_s            double precision,
    median_lap_time_s          double precision,
    spread_s                   double precision,
    pace_trend_s_per_lap       double precision,
    pace_trend_low_s_per_lap   double precision,
    pace_trend_high_s_per_lap  double precision,
    trend_lap_count            integer NOT NULL,
    fuel_effect_s_per_l        double precision,
    fuel_effect_low_s_per_l    double precision,
    fuel_effect_high_s_per_l   double precision,
    fuel_corrected_pace_s      double precision,
    degradation_s_per_lap      double precision,
    degradation_low_s_per_lap  double precision,
    degradation_high_s_per_lap double precision,
    stationary_s               double precision,
    refuel_s                   double precision,
    PRIMARY KEY (session_key, stint)
);

CREATE TABLE racing.fuel_lap (
    session_key         text NOT NULL,
    stint               integer NOT NULL,
    lap_number          integer NOT NULL,
    condition           text NOT NULL CHECK (condition IN ('clean', 'wet', 'caution', 'other')),
    fuel_used_l         double precision,
    fuel_per_km_l       double precision,
    fuel_added_l        double precision,
    fuel_end_l          double precision,
    laps_left           double precision,
    energy_used_kwh     double precision,
    energy_deployed_kwh double precision,
    energy_end_kwh      double precision,
    PRIMARY KEY (session_key, stint, lap_number),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
);

CREATE TABLE racing.tyre_set (
    session_key             text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    tyre_set                integer NOT NULL CHECK (tyre_set >= 1),
    first_stint             integer NOT NULL,
    fitted_session_time_s   double precision,
    removed_session_time_s  double precision,
    lap_count               integer NOT NULL,
    distance_m              double precision,
    measured_session_time_s double precision,
    measured_distance_m     double precision,
    lf_cold_pressure_kpa    double precision,
    lf_tread                double precision[],
    lf_carcass_c            double precision[],
    rf_cold_pressure_kpa    double precision,
    rf_tread                double precision[],
    rf_carcass_c            double precision[],
    lr_cold_pressure_kpa    double precision,
    lr_tread                double precision[],
    lr_carcass_c            double precision[],
    rr_cold_pressure_kpa    double precision,
    rr_tread                double precision[],
    rr_carcass_c            double precision[],
    PRIMARY KEY (session_key, tyre_set)
);

CREATE TABLE racing.tyre_lap (
    session_key     text NOT NULL,
    stint           integer NOT NULL,
    lap_number      integer NOT NULL,
    tyre_set        integer NOT NULL,
    set_lap         integer NOT NULL,
    lf_temp_l_c     double precision,
    lf_temp_m_c     double precision,
    lf_temp_r_c     double precision,
    lf_pressure_kpa double precision,
    rf_temp_l_c     double precision,
    rf_temp_m_c     double precision,
    rf_temp_r_c     double precision,
    rf_pressure_kpa double precision,
    lr_temp_l_c     double precision,
    lr_temp_m_c     double precision,
    lr_temp_r_c     double precision,
    lr_pressure_kpa double precision,
    rr_temp_l_c     double precision,
    rr_temp_m_c     double precision,
    rr_temp_r_c     double precision,
    rr_pressure_kpa double precision,
    PRIMARY KEY (session_key, stint, lap_number),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
);

CREATE TABLE racing.damper_histogram (
    session_key      text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    damper           text NOT NULL,
    laps             text NOT NULL CHECK (laps IN ('clean', 'timed')),
    lap_count        integer NOT NULL,
    record_count     integer NOT NULL,
    edges_mps        double precision[] NOT NULL,
    shares           double precision[] NOT NULL,
    threshold_mps    double precision NOT NULL,
    high_rebound     double precision NOT NULL,
    low_rebound      double precision NOT NULL,
    low_bump         double precision NOT NULL,
    high_bump        double precision NOT NULL,
    sample_rate_hz   integer NOT NULL,
    sample_count     bigint NOT NULL,
    peak_bump_mps    double precision CHECK (peak_bump_mps >= 0),
    peak_rebound_mps double precision CHECK (peak_rebound_mps <= 0),
    peak_loss_mean   double precision NOT NULL CHECK (peak_loss_mean BETWEEN 0 AND 1),
    peak_loss_most   double precision NOT NULL CHECK (peak_loss_most BETWEEN 0 AND 1),
    PRIMARY KEY (session_key, damper),
    CHECK (cardinality(shares) = (cardinality(edges_mps) + 1))
);

CREATE TABLE racing.reference_lap (
    reference_key        text PRIMARY KEY CHECK (reference_key <> ''),
    source               text NOT NULL CHECK (source IN ('ibt', 'garage61')),
    file_name            text NOT NULL,
    track_id             integer NOT NULL,
    car_id               integer,
    car_name             text,
    driver_name          text,
    air_temp_c           double precision,
    track_temp_c         double precision,
    track_wetness        integer,
    length_m             double precision NOT NULL,
    interval_count       integer NOT NULL CHECK (interval_count > 0),
    lap_time_s           double precision NOT NULL CHECK (lap_time_s > 0),
    lap_time_method      text NOT NULL CHECK (lap_time_method IN ('clock', 'interpolation',
        'file_name', 'integration')),
    closure_s            double precision NOT NULL,
    origin_latitude_deg  double precision,
    origin_longitude_deg double precision,
    elapsed_s            double precision[] NOT NULL,
    east_m               real[],
    north_m              real[],
    speed_mps            real[],
    throttle             real[],
    brake                real[],
    clutch               real[],
    steering_rad         real[],
    gear                 smallint[],
    rpm                  real[],
    lat_accel_mps2       real[],
    long_accel_mps2      real[],
    yaw_rate_radps       real[],
    yaw_rad              real[],
    abs_active           boolean[],
    altitude_m           real[],
    lf_temp_c            real[],
    lf_ride_height_m     real[],
    rf_temp_c            real[],
    rf_ride_height_m     real[],
    lr_temp_c            real[],
    lr_ride_height_m     real[],
    rr_temp_c            real[],
    rr_ride_height_m     real[],
    driven_at            timestamptz,
    CHECK (cardinality(elapsed_s) = (interval_count + 1))
);

CREATE TABLE racing.race_finding (
    session_key     text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    rank            smallint NOT NULL CHECK (rank BETWEEN 1 AND 3),
    kind            text NOT NULL CHECK (kind IN ('mistake', 'corner', 'pace', 'pit_stop')),
    text            text NOT NULL,
    seconds         double precision NOT NULL CHECK (seconds > 0),
    laps            integer[] NOT NULL,
    corner          smallint,
    clean_lap_count integer NOT NULL,
    low_s           double precision,
    high_s          double precision,
    places          integer,
    irating         double precision,
    advice          text,
    cause           text,
    PRIMARY KEY (session_key, rank)
);

CREATE TABLE ops.telemetry_file (
    path            text PRIMARY KEY,
    file_name       text NOT NULL,
    size_bytes      bigint NOT NULL CHECK (size_bytes >= 0),
    modified_at     timestamptz NOT NULL,
    session_key     text,
    state           text NOT NULL CHECK (state IN ('waiting', 'ready', 'loaded', 'quarantined',
        'missing', 'duplicate')),
    unchanged_since timestamptz NOT NULL,
    first_seen_at   timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    record_count    bigint CHECK (record_count >= 0),
    note            text,
    requested_at    timestamptz,
    attempts        integer NOT NULL CHECK (attempts >= 0)
);
CREATE INDEX telemetry_file_session ON ops.telemetry_file (session_key);

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
CREATE INDEX quarantine_open ON ops.quarantine (source, item)
    WHERE resolved_at IS NULL;

CREATE TABLE ops.item_issue (
    source   text NOT NULL,
    item     text NOT NULL,
    location text NOT NULL,
    field    text NOT NULL,
    problem  text NOT NULL,
    detail   text NOT NULL,
    rows     bigint NOT NULL CHECK (rows > 0),
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, item, location, field, problem, detail)
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
    code_version  text,
    CHECK (finished_at >= started_at)
);
CREATE INDEX load_audit_finished_at ON ops.load_audit (finished_at);

CREATE TABLE ops.session_digest (
    session_key text PRIMARY KEY REFERENCES racing.telemetry_session ON DELETE CASCADE,
    state       text NOT NULL,
    attempts    integer NOT NULL,
    tried_at    timestamptz NOT NULL,
    note        text
);

CREATE TABLE racing.category (
    category_id integer PRIMARY KEY,
    name        text
);

CREATE TABLE racing.division (
    division integer PRIMARY KEY,
    name     text
);

CREATE TABLE racing.event_type (
    event_type integer PRIMARY KEY,
    name       text
);

CREATE TABLE racing.licence_level (
    licence_level integer PRIMARY KEY,
    licence_group integer,
    licence_class text,
    name          text,
    short_name    text,
    colour        text
);

CREATE TABLE racing.track (
    track_id            integer PRIMARY KEY,
    track_name          text,
    track_config        text,
    category_id         integer,
    length_m            double precision CHECK (length_m > 0),
    corners_per_lap     integer,
    pit_speed_limit_mps double precision,
    nominal_lap_time_s  double precision,
    is_oval             boolean,
    is_dirt             boolean,
    track_type          text,
    location            text,
    latitude_deg        double precision,
    longitude_deg       double precision,
    time_zone           text,
    grid_stalls         integer,
    pit_stalls          integer,
    max_cars            integer,
    night_lighting      boolean,
    rain_enabled        boolean,
    has_joker           boolean,
    retired             boolean,
    track_path          text,
    package_id          integer
);

CREATE TABLE racing.car (
    car_id         integer PRIMARY KEY,
    car_name       text,
    abbreviation   text,
    make           text,
    model          text,
    mass_kg        double precision,
    power_w        double precision,
    categories     text[],
    car_types      text[],
    rain_enabled   boolean,
    has_headlights boolean,
    retired        boolean,
    car_path       text,
    package_id     integer
);

CREATE TABLE racing.car_class (
    car_class_id   integer PRIMARY KEY,
    name           text,
    short_name     text,
    relative_speed integer,
    rain_enabled   boolean,
    car_ids        integer[]
);

CREATE TABLE racing.series (
    series_id            integer PRIMARY KEY,
    series_name          text,
    short_name           text,
    category_id          integer,
    min_starters         integer,
    max_starters         integer,
    first_season         text,
    lowest_licence_class text
);

CREATE TABLE racing.season (
    season_id      integer PRIMARY KEY,
    series_id      integer,
    season         text,
    season_name    text,
    short_name     text,
    active         boolean,
    official       boolean,
    fixed_setup    boolean,
    multiclass     boolean,
    driver_changes boolean,
    licence_class  text,
    max_weeks      integer,
    drops          integer,
    race_week_num  integer,
    car_class_ids  integer[],
    start_date     date
);

CREATE TABLE racing.season_week (
    season_id                integer NOT NULL,
    race_week_num            integer NOT NULL,
    track_id                 integer,
    track_name               text,
    track_config             text,
    start_date               date,
    week_end_time            timestamptz,
    race_time_limit_s        double precision,
    race_lap_limit           integer,
    practice_length_s        double precision,
    qualify_length_s         double precision,
    qualify_laps             integer,
    start_type               text,
    precipitation_chance_pct double precision,
    PRIMARY KEY (season_id, race_week_num)
);

CREATE TABLE racing.subsession (
    subsession_id      bigint PRIMARY KEY,
    source             text NOT NULL,
    source_rank        smallint NOT NULL,
    session_id         bigint,
    start_time         timestamptz,
    end_time           timestamptz,
    event_type         integer,
    official           boolean,
    season             text,
    season_id          integer,
    season_name        text,
    series_id          integer,
    series_name        text,
    race_week_num      integer,
    category_id        integer,
    private_session_id bigint,
    session_name       text,
    host_cust_id       bigint,
    league_id          bigint,
    league_name        text,
    league_season_id   bigint,
    league_season_name text,
    track_id           integer,
    track_name         text,
    track_config       text,
    strength_of_field  integer,
    split              integer,
    split_count        integer,
    driver_count       integer,
    car_count          integer,
    max_team_drivers   integer,
    multiclass         boolean,
    heat_race          boolean,
    laps_complete      integer CHECK (laps_complete >= 0),
    average_lap_s      double precision CHECK (average_lap_s > 0),
    best_lap_s         double precision CHECK (best_lap_s > 0),
    caution_count      integer,
    caution_laps       integer,
    lead_changes       integer,
    corners_per_lap    integer,
    winner_group_id    bigint,
    winner_name        text,
    air_temp_c         double precision,
    relative_humidity  double precision,
    wind_speed_mps     double precision,
    skies              integer,
    results_restricted boolean,
    source_time        timestamptz
);
CREATE INDEX subsession_season ON racing.subsession (season);
CREATE INDEX subsession_season_week ON racing.subsession (season_id, race_week_num);
CREATE INDEX subsession_start_time ON racing.subsession (start_time);
CREATE INDEX subsession_track ON racing.subsession (track_id);

CREATE TABLE racing.subsession_class (
    subsession_id     bigint NOT NULL,
    car_class_id      integer NOT NULL,
    name              text,
    short_name        text,
    strength_of_field integer,
    entry_count       integer,
    car_ids           integer[],
    PRIMARY KEY (subsession_id, car_class_id)
);

CREATE TABLE racing.simsession (
    subsession_id     bigint NOT NULL,
    simsession_number integer NOT NULL,
    source            text NOT NULL,
    source_rank       smallint NOT NULL,
    simsession_type   integer,
    type_name         text,
    name              text,
    entry_count       integer,
    air_temp_c        double precision,
    relative_humidity double precision,
    wind_speed_mps    double precision,
    cloud_cover       double precision,
    precipitation     double precision,
    PRIMARY KEY (subsession_id, simsession_number)
);

CREATE TABLE racing.result (
    subsession_id              bigint NOT NULL,
    simsession_number          integer NOT NULL,
    group_id                   bigint NOT NULL,
    participant_id             bigint NOT NULL,
    source                     text NOT NULL,
    source_rank                smallint NOT NULL,
    kind                       text NOT NULL CHECK (kind IN ('driver', 'team', 'team_driver')),
    cust_id                    bigint,
    team_id                    bigint,
    display_name               text,
    ai                         boolean,
    car_id                     integer,
    car_name                   text,
    car_class_id               integer,
    car_class_name             text,
    car_number                 text,
    country_code               text,
    division                   integer,
    starting_position          integer CHECK (starting_position > 0),
    starting_position_in_class integer CHECK (starting_position_in_class > 0),
    finish_position            integer CHECK (finish_position > 0),
    finish_position_in_class   integer CHECK (finish_position_in_class > 0),
    laps_complete              integer CHECK (laps_complete >= 0),
    laps_led                   integer,
    interval_s                 double precision CHECK (interval_s >= 0),
    class_interval_s           double precision,
    average_lap_s              double precision CHECK (average_lap_s > 0),
    best_lap_s                 double precision CHECK (best_lap_s > 0),
    best_lap_number            integer,
    qualifying_lap_s           double precision CHECK (qualifying_lap_s > 0),
    qualifying_lap_at          timestamptz,
    incidents                  integer CHECK (incidents >= 0),
    reason_out_id              integer,
    reason_out                 text,
    finished                   boolean,
    champ_points               integer,
    aggregate_champ_points     integer,
    league_points              integer,
    dropped                    boolean,
    irating_before             integer CHECK (irating_before > 1),
    irating_after              integer CHECK (irating_after > 1),
    licence_class_before       text,
    licence_class_after        text,
    safety_rating_before       double precision,
    safety_rating_after        double precision,
    cpi_before                 double precision,
    cpi_after                  double precision,
    tt_rating_after            integer,
    weight_penalty_kg          double precision,
    max_fuel_fill              double precision,
    PRIMARY KEY (subsession_id, simsession_number, group_id, participant_id)
);
CREATE INDEX result_cust_id ON racing.result (cust_id)
    WHERE cust_id IS NOT NULL;

CREATE TABLE racing.lap (
    subsession_id     bigint NOT NULL,
    simsession_number integer NOT NULL,
    group_id          bigint NOT NULL,
    lap_number        integer NOT NULL,
    source            text NOT NULL,
    source_rank       smallint NOT NULL,
    cust_id           bigint,
    car_number        text,
    lap_time_s        double precision CHECK (lap_time_s > 0),
    session_time_s    double precision,
    position          integer CHECK (position > 0),
    interval_s        double precision,
    laps_down         integer,
    flags             bigint NOT NULL,
    events            text[] NOT NULL,
    valid             boolean NOT NULL,
    incident          boolean,
    pitted            boolean NOT NULL,
    personal_best     boolean,
    fastest           boolean,
    ai                boolean,
    PRIMARY KEY (subsession_id, simsession_number, group_id, lap_number)
);

CREATE TABLE racing.session_event (
    subsession_id     bigint NOT NULL,
    simsession_number integer NOT NULL,
    event_seq         integer NOT NULL,
    session_time_s    double precision,
    event_code        integer,
    group_id          bigint,
    cust_id           bigint,
    lap_number        integer,
    description       text,
    message           text,
    display_name      text,
    PRIMARY KEY (subsession_id, simsession_number, event_seq)
);

CREATE TABLE racing.member (
    cust_id      bigint PRIMARY KEY,
    display_name text,
    country_code text,
    ai           boolean,
    member_since date,
    seen_at      timestamptz
);

CREATE TABLE racing.own_member (
    cust_id bigint PRIMARY KEY,
    origin  text NOT NULL
);

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
    subsession_id       bigint NOT NULL REFERENCES racing.subsession ON DELETE CASCADE,
    simsession_number   integer NOT NULL,
    group_id            bigint NOT NULL,
    car_class_id        integer,
    clean_pace_s        double precision,
    clean_pace_low_s    double precision,
    clean_pace_high_s   double precision,
    lap_spread_s        double precision,
    fade_s_per_lap      double precision,
    fade_low_s_per_lap  double precision,
    fade_high_s_per_lap double precision,
    lap_count           integer NOT NULL,
    traffic_lap_count   integer NOT NULL,
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
    subsession_id   bigint PRIMARY KEY REFERENCES racing.subsession ON DELETE CASCADE,
    version         integer NOT NULL,
    ledger_rows     integer NOT NULL,
    note            text,
    what_if_version integer
);

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

CREATE TABLE racing.race_incident (
    session_key     text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    incident        integer NOT NULL CHECK (incident > 0),
    lap_number      integer NOT NULL,
    session_time_s  double precision NOT NULL,
    distance_m      double precision,
    corner          smallint,
    points          integer NOT NULL CHECK (points > 0),
    total_points    integer NOT NULL,
    kind            text,
    seconds         double precision,
    position_before integer,
    position_after  integer,
    PRIMARY KEY (session_key, incident)
);

CREATE TABLE racing.penalty_ladder (
    session_key text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    step        integer NOT NULL CHECK (step > 0),
    penalty     text NOT NULL CHECK (penalty IN ('penalty', 'disqualification')),
    at_points   integer NOT NULL CHECK (at_points > 0),
    points      integer,
    points_left integer,
    PRIMARY KEY (session_key, step)
);

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

CREATE TABLE racing.rating_history (
    cust_id              bigint NOT NULL,
    category_id          integer NOT NULL,
    observed_at          timestamptz NOT NULL,
    source               text NOT NULL,
    recorded_category_id integer NOT NULL,
    irating              integer CHECK (irating > 1),
    licence_class        text,
    safety_rating        double precision CHECK (safety_rating BETWEEN 0 AND 5),
    cpi                  double precision,
    tt_rating            integer,
    subsession_id        bigint,
    irating_change       integer,
    safety_rating_change double precision,
    PRIMARY KEY (cust_id, category_id, observed_at, source)
);
CREATE INDEX rating_history_subsession ON racing.rating_history (subsession_id) WHERE (subsession_id
        IS NOT NULL);

CREATE TABLE racing.career (
    cust_id           bigint NOT NULL,
    category_id       integer NOT NULL,
    starts            integer,
    wins              integer,
    top5              integer,
    poles             integer,
    laps              integer,
    laps_led          integer,
    average_start     double precision,
    average_finish    double precision,
    average_incidents double precision,
    average_points    double precision,
    PRIMARY KEY (cust_id, category_id)
);

CREATE TABLE racing.yearly (
    cust_id           bigint NOT NULL,
    category_id       integer NOT NULL,
    year              integer NOT NULL,
    starts            integer,
    wins              integer,
    top5              integer,
    poles             integer,
    laps              integer,
    laps_led          integer,
    average_start     double precision,
    average_finish    double precision,
    average_incidents double precision,
    average_points    double precision,
    PRIMARY KEY (cust_id, category_id, year)
);

CREATE TABLE racing.personal_best (
    cust_id       bigint NOT NULL,
    car_id        integer NOT NULL,
    track_id      integer NOT NULL,
    event_type    text NOT NULL,
    track_name    text,
    best_lap_s    double precision CHECK (best_lap_s > 0),
    subsession_id bigint,
    driven_at     timestamptz,
    season        text,
    PRIMARY KEY (cust_id, car_id, track_id, event_type)
);

CREATE TABLE racing.rating_forecast (
    cust_id         bigint NOT NULL,
    category_id     integer NOT NULL,
    rating          text NOT NULL CHECK (rating IN ('irating', 'safety_rating')),
    races           integer NOT NULL CHECK (races >= 1),
    value           double precision NOT NULL,
    low             double precision NOT NULL,
    high            double precision NOT NULL,
    present         double precision NOT NULL,
    present_at      timestamptz NOT NULL,
    licence_class   text,
    change_per_race double precision NOT NULL,
    change_low      double precision NOT NULL,
    change_high     double precision NOT NULL,
    race_count      integer NOT NULL,
    basis           text NOT NULL CHECK (basis IN ('fields', 'results', 'observations')),
    PRIMARY KEY (cust_id, category_id, rating, races)
);

CREATE TABLE racing.rating_target (
    cust_id                         bigint NOT NULL,
    category_id                     integer NOT NULL,
    races                           integer NOT NULL CHECK (races >= 1),
    licence_class                   text NOT NULL,
    safety_rating                   double precision NOT NULL,
    target_safety_rating            double precision NOT NULL,
    corners_per_incident            double precision,
    usual_corners_per_incident      double precision,
    break_even_corners_per_incident double precision,
    cleanest_corners_per_incident   double precision,
    change_per_doubling             double precision,
    change_per_doubling_low         double precision,
    change_per_doubling_high        double precision,
    race_count                      integer NOT NULL,
    note                            text,
    PRIMARY KEY (cust_id, category_id, races)
);

CREATE TABLE raw.payload (
    kind        text NOT NULL,
    item        text NOT NULL,
    part        integer NOT NULL,
    source      text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    body        json NOT NULL,
    PRIMARY KEY (kind, item, part)
);

CREATE TABLE raw.subsession_fetch (
    subsession_id bigint PRIMARY KEY,
    season        text NOT NULL,
    end_time      timestamptz,
    status        text NOT NULL CHECK (status IN ('pending', 'ok', 'partial', 'retry', 'refused',
        'forbidden', 'missing', 'rejected', 'dismissed')),
    attempts      integer NOT NULL CHECK (attempts >= 0),
    retry_after   timestamptz,
    note          text,
    fetched_at    timestamptz,
    settled       boolean NOT NULL
);
CREATE INDEX subsession_fetch_season ON raw.subsession_fetch (season, status);

CREATE TABLE raw.document_fetch (
    kind        text NOT NULL,
    item        text NOT NULL,
    part        integer NOT NULL,
    meaning     text NOT NULL,
    answer      text NOT NULL,
    note        text,
    attempts    integer NOT NULL CHECK (attempts >= 0),
    first_at    timestamptz,
    last_at     timestamptz,
    retry_after timestamptz,
    final       boolean NOT NULL,
    PRIMARY KEY (kind, item, part)
);
CREATE INDEX document_fetch_item ON raw.document_fetch (item);

CREATE TABLE raw.season_fetch (
    season      text PRIMARY KEY,
    searched_at timestamptz,
    read_at     timestamptz,
    final       boolean NOT NULL DEFAULT false,
    calls       bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    note        text
);

CREATE TABLE ops.oauth_token (
    client_id  text PRIMARY KEY,
    state      bytea NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE raw.watermark (
    name    text PRIMARY KEY,
    reached timestamptz NOT NULL
);

CREATE TABLE ops.result_file (
    path              text PRIMARY KEY,
    size_bytes        bigint NOT NULL CHECK (size_bytes >= 0),
    modified_at       timestamptz NOT NULL,
    state             text NOT NULL CHECK (state IN ('reading', 'loaded', 'quarantined')),
    subsessions       integer NOT NULL CHECK (subsessions >= 0),
    loaded_at         timestamptz NOT NULL,
    attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    retry_at          timestamptz,
    first_modified_at timestamptz NOT NULL
);

CREATE TABLE ops.metric_history (
    session_key     text NOT NULL,
    destination     text NOT NULL CHECK (destination IN ('prometheus', 'cloud')),
    selection       text NOT NULL,
    record_count    bigint NOT NULL CHECK (record_count >= 0),
    state           text NOT NULL CHECK (state IN ('sent', 'waiting', 'failed')),
    accepted        bigint NOT NULL CHECK (accepted >= 0),
    refused         bigint NOT NULL CHECK (refused >= 0),
    waiting         bigint NOT NULL CHECK (waiting >= 0),
    refused_for     jsonb,
    first_sample_at timestamptz,
    last_sample_at  timestamptz,
    attempts        integer NOT NULL CHECK (attempts >= 1),
    tried_at        timestamptz NOT NULL,
    retry_at        timestamptz,
    seconds         double precision NOT NULL CHECK (seconds >= 0),
    note            text,
    PRIMARY KEY (session_key, destination),
    CHECK (last_sample_at >= first_sample_at),
    CHECK ((state = 'waiting') = (retry_at IS NOT NULL))
);
CREATE INDEX metric_history_state ON ops.metric_history (state);

CREATE TABLE ops.step_time (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    step        text NOT NULL,
    item        text NOT NULL,
    run_id      text,
    finished_at timestamptz NOT NULL DEFAULT now(),
    seconds     double precision NOT NULL CHECK (seconds >= 0)
);
CREATE INDEX step_time_finished_at ON ops.step_time (finished_at);

CREATE TABLE ops.api_request (
    endpoint text NOT NULL,
    status   integer NOT NULL CHECK (status >= 0),
    requests bigint NOT NULL CHECK (requests >= 0),
    last_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint, status)
);

CREATE TABLE ops.api_state (
    client           text PRIMARY KEY,
    quota_limit      integer CHECK (quota_limit >= 0),
    quota_remaining  integer CHECK (quota_remaining >= 0),
    quota_at         timestamptz,
    token_expires_at timestamptz
);

CREATE TABLE ops.api_outage (
    endpoint text PRIMARY KEY,
    since    timestamptz NOT NULL,
    failures integer NOT NULL CHECK (failures > 0),
    probe_at timestamptz NOT NULL,
    reason   text NOT NULL
);

CREATE TABLE racing.session_summary (
    session_key                text PRIMARY KEY REFERENCES racing.telemetry_session ON DELETE
        CASCADE,
    clean_lap_count            integer NOT NULL,
    median_lap_time_s          double precision,
    spread_s                   double precision CHECK (spread_s >= 0),
    spread_low_s               double precision,
    spread_high_s              double precision,
    theoretical_best_s         double precision,
    fuel_lap_count             integer NOT NULL,
    fuel_median_l              double precision,
    fuel_p65_l                 double precision,
    fuel_p90_l                 double precision,
    energy_lap_count           integer NOT NULL DEFAULT 0,
    energy_median_kwh          double precision,
    energy_deployed_median_kwh double precision
);

CREATE TABLE racing.corner_consistency (
    session_key   text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    corner        smallint NOT NULL,
    track_id      integer,
    map_version   smallint NOT NULL,
    lap_count     integer NOT NULL,
    best_s        double precision NOT NULL,
    median_s      double precision NOT NULL,
    spread_s      double precision CHECK (spread_s >= 0),
    spread_low_s  double precision,
    spread_high_s double precision,
    PRIMARY KEY (session_key, corner)
);

CREATE TABLE racing.consistency_trend (
    car_id                   integer NOT NULL,
    track_id                 integer NOT NULL,
    corner                   smallint NOT NULL,
    cust_id                  bigint,
    session_count            integer NOT NULL,
    spread_s                 double precision NOT NULL CHECK (spread_s >= 0),
    trend_s_per_session      double precision,
    trend_low_s_per_session  double precision,
    trend_high_s_per_session double precision,
    PRIMARY KEY (car_id, track_id, corner)
);

CREATE TABLE racing.car_track (
    car_id                     integer NOT NULL,
    track_id                   integer NOT NULL,
    car_name                   text,
    track_name                 text,
    track_config               text,
    cust_id                    bigint,
    driver_name                text,
    session_count              integer NOT NULL,
    clean_lap_count            integer NOT NULL,
    last_session_at            timestamptz NOT NULL,
    best_lap_time_s            double precision,
    median_lap_time_s          double precision,
    pace_lap_count             integer NOT NULL,
    base_lap_s                 double precision,
    lap_spread_s               double precision,
    lap_spread_session_count   integer NOT NULL,
    fuel_median_l              double precision,
    fuel_p65_l                 double precision,
    fuel_p90_l                 double precision,
    fuel_lap_count             integer NOT NULL,
    fuel_effect_s_per_l        double precision,
    fuel_effect_low_s_per_l    double precision,
    fuel_effect_high_s_per_l   double precision,
    fuel_effect_lap_count      integer NOT NULL,
    fuel_effect_session_count  integer NOT NULL,
    degradation_s_per_lap      double precision,
    degradation_low_s_per_lap  double precision,
    degradation_high_s_per_lap double precision,
    degradation_lap_count      integer NOT NULL,
    degradation_session_count  integer NOT NULL,
    tank_l                     double precision CHECK (tank_l > 0),
    pit_loss_s                 double precision,
    pit_loss_spread_s          double precision,
    pit_stop_count             integer NOT NULL,
    pit_loss_from              text,
    refuel_lps                 double precision,
    refuel_count               integer NOT NULL,
    tyre_change_s              double precision,
    tyre_change_count          integer NOT NULL,
    caution_chance             double precision,
    caution_race_count         integer NOT NULL,
    unknown                    text[] NOT NULL,
    build_season               text,
    other_season_session_count integer NOT NULL DEFAULT 0,
    power_source               text NOT NULL DEFAULT 'fuel',
    energy_median_kwh          double precision,
    energy_deployed_median_kwh double precision,
    energy_lap_count           integer NOT NULL DEFAULT 0,
    energy_capacity_kwh        double precision,
    PRIMARY KEY (car_id, track_id)
);

CREATE TABLE racing.race_length (
    car_id         integer NOT NULL,
    track_id       integer NOT NULL,
    race           text NOT NULL,
    race_time_s    double precision,
    driven         boolean NOT NULL,
    laps           integer NOT NULL CHECK (laps >= 1),
    laps_most      integer NOT NULL,
    fuel_l         double precision NOT NULL,
    fuel_most_l    double precision NOT NULL,
    fuel_safe_l    double precision NOT NULL,
    tank_l         double precision CHECK (tank_l > 0),
    fewest_stops   integer,
    fuel_lap_count integer NOT NULL,
    PRIMARY KEY (car_id, track_id, race)
);

CREATE TABLE racing.race_plan (
    car_id                integer NOT NULL,
    track_id              integer NOT NULL,
    race                  text NOT NULL,
    stops                 smallint NOT NULL CHECK (stops >= 0),
    rank                  smallint CHECK (rank >= 1),
    laps                  integer NOT NULL CHECK (laps >= 1),
    stint_laps            integer[] NOT NULL,
    fuel_start_l          double precision NOT NULL,
    total_s               double precision,
    behind_s              double precision,
    best_share            double precision CHECK (best_share BETWEEN 0 AND 1),
    median_s              double precision,
    low_s                 double precision,
    high_s                double precision,
    simulated_races       integer NOT NULL,
    base_lap_s            double precision NOT NULL,
    fuel_per_lap_l        double precision NOT NULL,
    tank_l                double precision NOT NULL CHECK (tank_l > 0),
    reserve_l             double precision NOT NULL,
    pit_loss_s            double precision,
    refuel_lps            double precision,
    tyre_change_s         double precision,
    fuel_effect_s_per_l   double precision NOT NULL,
    degradation_s_per_lap double precision NOT NULL,
    lap_spread_s          double precision NOT NULL,
    caution_chance        double precision NOT NULL,
    clean_lap_count       integer NOT NULL,
    fuel_lap_count        integer NOT NULL,
    pit_stop_count        integer NOT NULL,
    degradation_lap_count integer NOT NULL,
    unknown               text[] NOT NULL,
    PRIMARY KEY (car_id, track_id, race, stops),
    FOREIGN KEY (car_id, track_id, race) REFERENCES racing.race_length ON DELETE CASCADE
);

CREATE TABLE racing.race_plan_stop (
    car_id           integer NOT NULL,
    track_id         integer NOT NULL,
    race             text NOT NULL,
    stops            smallint NOT NULL CHECK (stops >= 0),
    stop             smallint NOT NULL CHECK (stop >= 1),
    after_lap        integer NOT NULL,
    window_first_lap integer NOT NULL,
    window_last_lap  integer NOT NULL,
    fuel_added_l     double precision NOT NULL,
    standing_s       double precision,
    PRIMARY KEY (car_id, track_id, race, stops, stop),
    FOREIGN KEY (car_id, track_id, race, stops) REFERENCES racing.race_plan ON DELETE CASCADE,
    CHECK (window_first_lap <= after_lap AND after_lap <= window_last_lap)
);

CREATE TABLE racing.fuel_saving (
    car_id               integer NOT NULL,
    track_id             integer NOT NULL,
    laps                 integer NOT NULL CHECK (laps >= 1),
    fuel_per_lap_l       double precision NOT NULL,
    saving               double precision NOT NULL,
    tank_l               double precision NOT NULL CHECK (tank_l > 0),
    usual_fuel_per_lap_l double precision NOT NULL,
    fuel_lap_count       integer NOT NULL,
    PRIMARY KEY (car_id, track_id, laps)
);

CREATE TABLE racing.setup_comparison (
    session_key              text PRIMARY KEY REFERENCES racing.telemetry_session ON DELETE CASCADE,
    setup_digest             text NOT NULL,
    setting_count            integer NOT NULL,
    previous_session_key     text,
    changed_count            integer,
    clean_lap_count          integer NOT NULL,
    previous_clean_lap_count integer,
    spread_s                 double precision CHECK (spread_s >= 0),
    previous_spread_s        double precision,
    effect_s                 double precision,
    effect_low_s             double precision,
    effect_high_s            double precision,
    told                     boolean NOT NULL,
    against                  text[] NOT NULL
);

CREATE TABLE racing.setup_change (
    session_key          text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    setting              text NOT NULL,
    previous_session_key text NOT NULL,
    before               text,
    after                text,
    change               double precision,
    PRIMARY KEY (session_key, setting)
);
