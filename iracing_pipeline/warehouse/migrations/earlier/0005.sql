-- What sessions come to, what is known of a car on a track, plans, setups, rating forecasts.

ALTER TABLE racing.stint
    ADD COLUMN stationary_s double precision,
    ADD COLUMN refuel_s double precision;

CREATE TABLE racing.session_summary (
    session_key        text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    clean_lap_count    integer NOT NULL,
    median_lap_time_s  double precision,
    spread_s           double precision CHECK (spread_s >= 0),
    spread_low_s       double precision,
    spread_high_s      double precision,
    theoretical_best_s double precision,
    fuel_lap_count     integer NOT NULL,
    fuel_median_l      double precision,
    fuel_p65_l         double precision,
    fuel_p90_l         double precision,
    PRIMARY KEY (session_key)
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
    session_key              text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
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
    against                  text[] NOT NULL,
    PRIMARY KEY (session_key)
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
    basis           text NOT NULL CHECK (basis IN ('results', 'observations')),
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

CREATE INDEX subsession_season_week ON racing.subsession (season_id, race_week_num);
