"""The tables of what races come down to: iRating by place, seconds by cause, pace in traffic."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

_SIMSESSION = (
    Column("subsession_id", pl.Int64, "SubSessionID", required=True),
    Column(
        "simsession_number",
        pl.Int32,
        "0 for the main event, -1, -2, ... before it",
        required=True,
    ),
)
_GROUP_ID = Column(
    "group_id", pl.Int64, "The car: the driver's cust_id, or the (negative) team id", required=True
)

IRATING_OUTCOME = Table(
    name="racing.irating_outcome",
    doc="What one finishing place in class changes in the iRating of one driver: a row for each"
    " place of the class, or one without a change and with a note where the rule does not apply.",
    key=("subsession_id", "simsession_number", "group_id", "cust_id", "place_in_class"),
    columns=(
        *_SIMSESSION,
        _GROUP_ID,
        Column("cust_id", pl.Int64, "The driver", required=True),
        Column("car_class_id", pl.Int32, "Car class"),
        Column(
            "place_in_class",
            pl.Int32,
            "Finishing place in class, from 1",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column(
            "finished_here",
            pl.Boolean,
            "Whether the car finished in this place; null where the finish is not known",
        ),
        Column(
            "irating_change",
            pl.Float64,
            "Change by the arithmetic of the class, not rounded; null where it does not apply",
        ),
        Column(
            "official_change",
            pl.Int32,
            "Change that iRacing made; only where the car finished, and where both ratings are"
            " known",
        ),
        Column("place_value", pl.Float64, "What one place more or less changes"),
        Column("irating_before", pl.Int32, "iRating of the driver before the race"),
        Column("car_rating", pl.Float64, "Rating of the car: of the team in a team event"),
        Column("expected_score", pl.Float64, "Entries that the car is expected to beat, plus 0.5"),
        Column("entry_count", pl.Int32, "Entries of the class that count"),
        Column("lap_share", pl.Float64, "Share of the car's laps that the driver drove", "ratio"),
        Column("completed", pl.Boolean, "Whether the car completed a lap"),
        Column("note", pl.String, "Why there is no change; null where there is"),
    ),
)

RACE_LEDGER = Table(
    name="racing.race_ledger",
    doc="Seconds between a car and the winner of its class that one cause accounts for. The rows of"
    " a car add up to its gap on the session clock at the last lap that both completed. The"
    " winner's own rows are zero and carry what its own race was made of.",
    key=("subsession_id", "simsession_number", "group_id", "cause"),
    columns=(
        *_SIMSESSION,
        _GROUP_ID,
        Column("against_group_id", pl.Int64, "The winner of the class", required=True),
        Column(
            "cause",
            pl.String,
            "start (grid and first lap), pace (in clean air), traffic, stops, mistakes, fade"
            " (tyres and fuel), cautions, unexplained",
            required=True,
        ),
        Column("seconds", pl.Float64, "Lost to the winner; below zero: gained", "s", required=True),
        Column("low_s", pl.Float64, "Lower end of its 95 % interval; null where not known", "s"),
        Column("high_s", pl.Float64, "Upper end of its 95 % interval; null where not known", "s"),
        Column(
            "evidence",
            pl.String,
            "What shows it: a text, and the laps or stops of the car and of the winner, each with"
            " seconds and interval",
            required=True,
            json=True,
        ),
        Column(
            "supported",
            pl.Boolean,
            "Whether the 99 % interval leaves out zero (of pace the 95 % one); false: the cause"
            " cannot be told from nothing",
            required=True,
        ),
        Column("lap_count", pl.Int32, "Laps of the car that show it", required=True),
        Column(
            "own_s",
            pl.Float64,
            "The same for the car alone: against its own clean laps; for start and pace the time"
            " itself",
            "s",
            required=True,
        ),
        Column("own_error_s", pl.Float64, "Standard error of own_s; null where not known", "s"),
        Column(
            "share",
            pl.Float64,
            "Seconds as a share of the gap: below 0 where gained, above 1 where others gained;"
            " null without a gap",
            "ratio",
            bounds=bounds.FINITE,
        ),
        Column(
            "gap_s", pl.Float64, "Behind the winner at the end of lap_number", "s", required=True
        ),
        Column("lap_number", pl.Int32, "Last lap that both completed", required=True),
        Column("laps_down", pl.Int32, "Laps behind the winner at the flag"),
        Column(
            "official_gap_s",
            pl.Float64,
            "Behind the winner by the result; null when laps down",
            "s",
        ),
        Column("car_class_id", pl.Int32, "Car class"),
    ),
)

RACE_PACE = Table(
    name="racing.race_pace",
    doc="How one car of a race drove on the laps that nothing speaks against: its pace in clean"
    " air, its spread and its fade.",
    key=("subsession_id", "simsession_number", "group_id"),
    columns=(
        *_SIMSESSION,
        _GROUP_ID,
        Column("car_class_id", pl.Int32, "Car class"),
        Column("clean_pace_s", pl.Float64, "Lap in clean air at the start of a stint", "s"),
        Column("clean_pace_low_s", pl.Float64, "Lower end of its 95 % interval", "s"),
        Column("clean_pace_high_s", pl.Float64, "Upper end of its 95 % interval", "s"),
        Column("lap_spread_s", pl.Float64, "Standard deviation of a lap", "s"),
        Column("fade_s_per_lap", pl.Float64, "What each lap of a stint adds", "s/lap"),
        Column("fade_low_s_per_lap", pl.Float64, "Lower end of its 95 % interval", "s/lap"),
        Column("fade_high_s_per_lap", pl.Float64, "Upper end of its 95 % interval", "s/lap"),
        Column("lap_count", pl.Int32, "Laps behind the figures", required=True),
        Column(
            "traffic_lap_count",
            pl.Int32,
            "Of these, laps that began less than 1.5 s behind another car",
            required=True,
        ),
    ),
)

TRAFFIC_EFFECT = Table(
    name="racing.traffic_effect",
    doc="What a lap behind another car adds in one class of one race, by the gap at the line where"
    " the lap began: wake above zero, tow below.",
    key=("subsession_id", "simsession_number", "car_class_id", "gap_low_s"),
    columns=(
        *_SIMSESSION,
        Column("car_class_id", pl.Int32, "Car class; 0 where it is not known", required=True),
        Column("gap_low_s", pl.Float64, "Gaps from here", "s", required=True),
        Column("gap_high_s", pl.Float64, "Gaps below this", "s", required=True),
        Column("effect_s_per_lap", pl.Float64, "What a lap takes more", "s/lap", required=True),
        Column(
            "effect_low_s_per_lap",
            pl.Float64,
            "Lower end of its 95 % interval",
            "s/lap",
            required=True,
        ),
        Column(
            "effect_high_s_per_lap",
            pl.Float64,
            "Upper end of its 95 % interval",
            "s/lap",
            required=True,
        ),
        Column("lap_count", pl.Int32, "Laps in this band", required=True),
        Column("car_count", pl.Int32, "Cars that drove in traffic and out of it", required=True),
    ),
)

RACE_ANALYSIS = Table(
    name="racing.race_analysis",
    doc="One subsession whose races were analysed. A load that changes its laps or results"
    " removes the row, so that it is analysed again.",
    key=("subsession_id",),
    columns=(
        Column("subsession_id", pl.Int64, "SubSessionID", required=True),
        Column("version", pl.Int32, "Version of the analysis", required=True),
        Column("ledger_rows", pl.Int32, "Rows of racing.race_ledger", required=True),
        Column("note", pl.String, "Why there is no ledger; null where there is"),
        Column(
            "what_if_version",
            pl.Int32,
            "Version by which the races of own cars were driven again; null until they were",
        ),
    ),
)

RACE_WHAT_IF = Table(
    name="racing.race_what_if",
    doc="What one change would have made of the race of an own car: the race driven again many"
    " times with the pace, scatter, fade, stops and mistakes of its cars, with the change and"
    " without it, with the same luck. A row without figures says why in refused_for.",
    key=("subsession_id", "simsession_number", "group_id", "question"),
    columns=(
        *_SIMSESSION,
        _GROUP_ID,
        Column("question", pl.String, "What is changed, in words", required=True),
        Column(
            "question_number",
            pl.Int32,
            "Order in which they are shown, from 1",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column(
            "kind",
            pl.String,
            "mistake, slow_stop, fewer_stops, stop_lap, start, or any where no change can be asked",
            required=True,
        ),
        Column("lap_number", pl.Int32, "Lap of the change", bounds=bounds.LAPS),
        Column("place", pl.Float64, "Median place in class", bounds=bounds.POSITION),
        Column("place_low", pl.Int32, "5 % of the races end better", bounds=bounds.POSITION),
        Column("place_high", pl.Int32, "5 % of the races end worse", bounds=bounds.POSITION),
        Column(
            "place_as_it_was",
            pl.Float64,
            "Median place of the race driven again without the change",
            bounds=bounds.POSITION,
        ),
        Column("places_gained", pl.Float64, "Places gained by the change, mean"),
        Column("gained_s", pl.Float64, "Time gained by the change, median", "s"),
        Column("gained_low_s", pl.Float64, "5 % of the races gain less", "s"),
        Column("gained_high_s", pl.Float64, "5 % of the races gain more", "s"),
        Column(
            "irating_change",
            pl.Float64,
            "Change of the iRating with it, mean over the places; null where not known",
            bounds=bounds.RATING,
        ),
        Column(
            "irating_gained",
            pl.Float64,
            "The same minus that without the change",
            bounds=bounds.RATING,
        ),
        Column("races", pl.Int32, "Races that were driven", bounds=bounds.COUNT),
        Column("refused_for", pl.String, "Why the lap chart does not allow the question"),
    ),
)

RACE_INCIDENT = Table(
    name="racing.race_incident",
    doc="One rise of the driver's incident count in a session with telemetry.",
    key=("session_key", "incident"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "incident",
            pl.Int32,
            "Number of the incident, from 1",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("lap_number", pl.Int32, "Lap, as iRacing counts it", required=True),
        Column(
            "session_time_s",
            pl.Float64,
            "SessionTime when the count rose: the second of the replay",
            "s",
            required=True,
        ),
        Column("distance_m", pl.Float64, "Where on the lap, from the line", "m"),
        Column("corner", pl.Int16, "Corner of the track's map; null on a straight"),
        Column(
            "points",
            pl.Int32,
            "Points that it added; not what kind it was",
            required=True,
            bounds=bounds.INCIDENT_POINTS,
        ),
        Column("total_points", pl.Int32, "The driver's count after it", required=True),
        Column("kind", pl.String, "off track, where the surface shows it; null where nothing does"),
        Column(
            "seconds",
            pl.Float64,
            "What the lap took beyond the median clean lap; null where the lap has no time, or"
            " several incidents",
            "s",
        ),
        Column("position_before", pl.Int32, "Position at the end of the lap before"),
        Column("position_after", pl.Int32, "Position at the end of the lap"),
    ),
)

PENALTY_LADDER = Table(
    name="racing.penalty_ladder",
    doc="One step of a session's incident limits (WeekendOptions), and how close the driver came.",
    key=("session_key", "step"),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column(
            "step",
            pl.Int32,
            "Number of the step, from 1",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("penalty", pl.String, "penalty, or disqualification", required=True),
        Column(
            "at_points",
            pl.Int32,
            "Incident points that it takes",
            required=True,
            bounds=bounds.INCIDENT_POINTS,
        ),
        Column("points", pl.Int32, "Points at the end; of the team where it is a team event"),
        Column("points_left", pl.Int32, "Points short of it; zero or below: reached"),
    ),
)
