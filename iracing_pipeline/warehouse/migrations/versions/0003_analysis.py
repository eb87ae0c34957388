"""Laps on the distance grid, sectors, corners, stints, fuel and tyres."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRACK_GRID = """
CREATE TABLE racing.track_grid (
    track_id             integer NOT NULL,
    track_name           text,
    track_config         text,
    length_m             double precision NOT NULL CHECK (length_m > 0),
    interval_count       integer NOT NULL CHECK (interval_count > 0),
    origin_latitude_deg  double precision,
    origin_longitude_deg double precision,
    session_key          text NOT NULL,
    PRIMARY KEY (track_id)
)
"""

LAP_TRACE = """
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
    CHECK (cardinality(elapsed_s) = interval_count + 1)
)
"""

LAP_SECTOR = """
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
)
"""

CORNER_MAP = """
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
)
"""

LAP_CORNER = """
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
    PRIMARY KEY (session_key, stint, lap_number, corner),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
)
"""

STINT = """
CREATE TABLE racing.stint (
    session_key                text NOT NULL,
    stint                      integer NOT NULL,
    began                      text NOT NULL
                               CHECK (began IN ('file', 'pit_exit', 'reset', 'tow', 'session')),
    ended                      text NOT NULL
                               CHECK (ended IN ('file', 'pit_stop', 'reset', 'tow', 'session')),
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
    PRIMARY KEY (session_key, stint),
    FOREIGN KEY (session_key) REFERENCES racing.telemetry_session ON DELETE CASCADE
)
"""

FUEL_LAP = """
CREATE TABLE racing.fuel_lap (
    session_key   text NOT NULL,
    stint         integer NOT NULL,
    lap_number    integer NOT NULL,
    condition     text NOT NULL CHECK (condition IN ('clean', 'wet', 'caution', 'other')),
    fuel_used_l   double precision,
    fuel_per_km_l double precision,
    fuel_added_l  double precision,
    fuel_end_l    double precision,
    laps_left     double precision,
    PRIMARY KEY (session_key, stint, lap_number),
    FOREIGN KEY (session_key, stint, lap_number) REFERENCES racing.telemetry_lap ON DELETE CASCADE
)
"""

TYRE_SET = """
CREATE TABLE racing.tyre_set (
    session_key             text NOT NULL,
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
    PRIMARY KEY (session_key, tyre_set),
    FOREIGN KEY (session_key) REFERENCES racing.telemetry_session ON DELETE CASCADE
)
"""

TYRE_LAP = """
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
)
"""

REFERENCE_LAP = """
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
    lap_time_method      text NOT NULL CHECK (
                         lap_time_method IN ('clock', 'interpolation', 'file_name', 'integration')),
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
    CHECK (cardinality(elapsed_s) = interval_count + 1)
)
"""

RACE_FINDING = """
CREATE TABLE racing.race_finding (
    session_key     text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    rank            smallint NOT NULL CHECK (rank BETWEEN 1 AND 3),
    kind            text NOT NULL CHECK (kind IN ('mistake', 'corner', 'pace', 'pit_stop')),
    text            text NOT NULL,
    seconds         double precision NOT NULL CHECK (seconds > 0),
    laps            integer[] NOT NULL,
    corner          smallint,
    clean_lap_count integer NOT NULL,
    PRIMARY KEY (session_key, rank)
)
"""

INDEXES = (
    # Laps of a track by what they are compared by.
    "CREATE INDEX lap_trace_track ON racing.lap_trace (track_id, lap_time_s)",
    "CREATE INDEX lap_corner_track ON racing.lap_corner (track_id, corner, map_version)",
)


def upgrade() -> None:
    """Create them."""
    for statement in (
        TRACK_GRID,
        LAP_TRACE,
        LAP_SECTOR,
        CORNER_MAP,
        LAP_CORNER,
        STINT,
        FUEL_LAP,
        TYRE_SET,
        TYRE_LAP,
        REFERENCE_LAP,
        RACE_FINDING,
        *INDEXES,
    ):
        op.execute(statement)
