-- Results, laps and ratings, the reference they point to, and the payloads they were read from.

CREATE TABLE racing.category (
    category_id integer NOT NULL,
    name        text,
    PRIMARY KEY (category_id)
);

CREATE TABLE racing.division (
    division integer NOT NULL,
    name     text,
    PRIMARY KEY (division)
);

CREATE TABLE racing.event_type (
    event_type integer NOT NULL,
    name       text,
    PRIMARY KEY (event_type)
);

CREATE TABLE racing.licence_level (
    licence_level integer NOT NULL,
    licence_group integer,
    licence_class text,
    name          text,
    short_name    text,
    colour        text,
    PRIMARY KEY (licence_level)
);

CREATE TABLE racing.track (
    track_id            integer NOT NULL,
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
    package_id          integer,
    PRIMARY KEY (track_id)
);

CREATE TABLE racing.car (
    car_id         integer NOT NULL,
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
    package_id     integer,
    PRIMARY KEY (car_id)
);

CREATE TABLE racing.car_class (
    car_class_id   integer NOT NULL,
    name           text,
    short_name     text,
    relative_speed integer,
    rain_enabled   boolean,
    car_ids        integer[],
    PRIMARY KEY (car_class_id)
);

CREATE TABLE racing.series (
    series_id            integer NOT NULL,
    series_name          text,
    short_name           text,
    category_id          integer,
    min_starters         integer,
    max_starters         integer,
    first_season         text,
    lowest_licence_class text,
    PRIMARY KEY (series_id)
);

CREATE TABLE racing.season (
    season_id      integer NOT NULL,
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
    start_date     date,
    PRIMARY KEY (season_id)
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
    subsession_id      bigint NOT NULL,
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
    PRIMARY KEY (subsession_id)
);

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
    kind                       text NOT NULL
                               CHECK (kind IN ('driver', 'team', 'team_driver')),
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
    cust_id      bigint NOT NULL,
    display_name text,
    country_code text,
    ai           boolean,
    member_since date,
    seen_at      timestamptz,
    PRIMARY KEY (cust_id)
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
    subsession_id bigint NOT NULL,
    season        text NOT NULL,
    end_time      timestamptz,
    status        text NOT NULL
                  CHECK (status IN ('pending', 'ok', 'forbidden', 'missing', 'retry')),
    attempts      integer NOT NULL CHECK (attempts >= 0),
    retry_after   timestamptz,
    note          text,
    fetched_at    timestamptz,
    settled       boolean NOT NULL,
    PRIMARY KEY (subsession_id)
);

CREATE TABLE ops.oauth_token (
    client_id  text NOT NULL,
    state      bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (client_id)
);

CREATE TABLE raw.watermark (
    name    text NOT NULL,
    reached timestamptz NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE ops.result_file (
    path        text NOT NULL,
    size_bytes  bigint NOT NULL CHECK (size_bytes >= 0),
    modified_at timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('loaded', 'quarantined')),
    subsessions integer NOT NULL CHECK (subsessions >= 0),
    loaded_at   timestamptz NOT NULL,
    PRIMARY KEY (path)
);

CREATE INDEX subsession_season ON racing.subsession (season);
CREATE INDEX subsession_start_time ON racing.subsession (start_time);
CREATE INDEX subsession_track ON racing.subsession (track_id);
CREATE INDEX result_cust_id ON racing.result (cust_id) WHERE cust_id IS NOT NULL;

CREATE INDEX rating_history_subsession ON racing.rating_history (subsession_id)
    WHERE subsession_id IS NOT NULL;

CREATE INDEX subsession_fetch_season ON raw.subsession_fetch (season, status);
