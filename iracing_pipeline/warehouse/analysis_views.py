"""Views of the analysis: traces point by point, sectors, corners, stints and the car."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM, DAMPERS
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.results import RESULT, SUBSESSION
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.tables.traces import LAP_TRACE, REFERENCE_LAP, TRACE_CHANNELS
from iracing_pipeline.warehouse.session_views import WHY_NOT_CLEAN
from iracing_pipeline.warehouse.view import View, ViewColumn, of_simsession, taken

_LAP = " JOIN racing.telemetry_lap AS lap USING (session_key, stint, lap_number)"
_SESSION = " JOIN racing.telemetry_session AS session USING (session_key)"
_OF_LAP = taken("lap", TELEMETRY_LAP, "kind", "clean", "lap_time_s", "start_time")
_OF_SESSION = taken(
    "session",
    TELEMETRY_SESSION,
    "simsession_type",
    "track_name",
    "track_config",
    "car_id",
    "car_name",
    "cust_id",
    "driver_name",
    "setup_name",
)
_TRACK_ID = taken("session", TELEMETRY_SESSION, "track_id")

_ARRAYS = ("elapsed_s", "east_m", "north_m", *(each.column for each in TRACE_CHANNELS))
_DEGREE_M = "111195.08"  # of latitude, on the sphere of the Earth's mean radius


def _points() -> tuple[ViewColumn, ...]:
    """The elements of the arrays of a trace, declared as one number each."""
    columns = {column.name: column for column in LAP_TRACE.columns}
    shown = []
    for name in _ARRAYS:
        column = columns[name]
        assert isinstance(column.dtype, pl.List)  # noqa: S101 - by the table's declaration
        inner = column.dtype.inner
        shown.append(ViewColumn(f"point.{name}", Column(name, inner, column.doc, column.unit)))
    return tuple(shown)


_ON_THE_MAP = (
    ViewColumn(
        "(point.number - 1)::integer",
        Column("point", pl.Int32, "Number of the grid point, from 0 at the line"),
    ),
    ViewColumn(
        "(point.number - 1) * trace.length_m / trace.interval_count",
        Column("distance_m", pl.Float64, "Distance from the line", "m"),
    ),
    *_points(),
    ViewColumn(
        f"trace.origin_latitude_deg + point.north_m / {_DEGREE_M}",
        Column("latitude_deg", pl.Float64, "Latitude", "°"),
    ),
    ViewColumn(
        "trace.origin_longitude_deg"
        f" + point.east_m / ({_DEGREE_M} * cosd(trace.origin_latitude_deg))",
        Column("longitude_deg", pl.Float64, "Longitude", "°"),
    ),
)
_UNNESTED = (
    " AS trace CROSS JOIN LATERAL unnest("
    + ", ".join(f"trace.{name}" for name in _ARRAYS)
    + f") WITH ORDINALITY AS point({', '.join(_ARRAYS)}, number)"
)

LAP_TRACE_POINTS = View(
    name="grafana.lap_trace_points",
    doc="One grid point of one lap. Name the lap (session_key, stint, lap_number) in the query:"
    " a lap has up to 1,201 points. Laps of one track have the same points.",
    source="racing.lap_trace" + _UNNESTED,
    columns=(
        *taken("trace", LAP_TRACE, "session_key", "stint", "lap_number", "track_id", "lap_time_s"),
        *_ON_THE_MAP,
    ),
)

REFERENCE_LAPS = View(
    name="grafana.reference_laps",
    doc=REFERENCE_LAP.doc,
    source="racing.reference_lap AS reference",
    columns=taken(
        "reference",
        REFERENCE_LAP,
        *REFERENCE_LAP.names[: REFERENCE_LAP.names.index("origin_latitude_deg")],
        "driven_at",
    ),
)

REFERENCE_LAP_POINTS = View(
    name="grafana.reference_lap_points",
    doc="One grid point of a reference lap. Name the lap (reference_key) in the query.",
    source="racing.reference_lap" + _UNNESTED,
    columns=(
        *taken("trace", REFERENCE_LAP, "reference_key", "track_id", "lap_time_s"),
        *_ON_THE_MAP,
    ),
)

LAP_TRACES = View(
    name="grafana.lap_traces",
    doc="One lap that has a trace, without its points: what to choose laps to compare from.",
    source="racing.lap_trace AS trace" + _LAP + _SESSION,
    columns=(
        *taken("trace", LAP_TRACE, *LAP_TRACE.names[: LAP_TRACE.names.index("lap_time_s")]),
        *taken("trace", LAP_TRACE, "closure_s"),
        *_OF_LAP,
        *taken("lap", TELEMETRY_LAP, "reasons"),
        WHY_NOT_CLEAN,
        *of_simsession(_OF_SESSION),
    ),
)

LAP_SECTORS = View(
    name="grafana.lap_sectors",
    doc=LAP_SECTOR.doc,
    source="racing.lap_sector AS sector" + _LAP + _SESSION,
    columns=(*taken("sector", LAP_SECTOR), *_OF_LAP, *_TRACK_ID, *of_simsession(_OF_SESSION)),
)

CORNERS = View(
    name="grafana.corners",
    doc="One corner of a track configuration, by the newest version of its map.",
    source="racing.corner_map AS corner"
    " JOIN (SELECT track_id, max(version) AS version FROM racing.corner_map GROUP BY track_id)"
    " AS newest USING (track_id, version)",
    columns=taken("corner", CORNER_MAP),
)

LAP_CORNERS = View(
    name="grafana.lap_corners",
    doc="One corner of one lap, measured by the newest version of the track's map: sessions that"
    " were measured by an older one are to be materialized again to show here.",
    source="racing.lap_corner AS corner"
    " JOIN (SELECT track_id, max(version) AS version FROM racing.corner_map GROUP BY track_id)"
    " AS newest ON newest.track_id = corner.track_id AND newest.version = corner.map_version"
    + _LAP
    + _SESSION,
    columns=(*taken("corner", LAP_CORNER), *_OF_LAP, *of_simsession(_OF_SESSION)),
)

STINTS = View(
    name="grafana.stints",
    doc=STINT.doc,
    source="racing.stint AS stint" + _SESSION,
    columns=(
        *taken("stint", STINT),
        *_TRACK_ID,
        *taken(
            "session",
            TELEMETRY_SESSION,
            "simsession_type",
            "track_name",
            "track_config",
            "car_id",
            "car_name",
        ),
    ),
)

FUEL_LAPS = View(
    name="grafana.fuel_laps",
    doc=FUEL_LAP.doc,
    source="racing.fuel_lap AS fuel" + _LAP + _SESSION,
    columns=(*taken("fuel", FUEL_LAP), *_OF_LAP, *_TRACK_ID, *of_simsession(_OF_SESSION)),
)

TYRE_SETS = View(
    name="grafana.tyre_sets",
    doc=TYRE_SET.doc,
    source="racing.tyre_set AS tyres" + _SESSION,
    columns=(*taken("tyres", TYRE_SET), *_TRACK_ID, *_OF_SESSION),
)

TYRE_LAPS = View(
    name="grafana.tyre_laps",
    doc=TYRE_LAP.doc,
    source="racing.tyre_lap AS tyres" + _LAP + _SESSION,
    columns=(*taken("tyres", TYRE_LAP), *_OF_LAP, *_TRACK_ID, *of_simsession(_OF_SESSION)),
)

_DAMPER_NAME = ViewColumn(
    "CASE damper.damper "
    + " ".join(f"WHEN '{damper}' THEN '{words}'" for damper, words in DAMPERS.items())
    + " END",
    Column("damper_name", pl.String, "Its name in words"),
)

DAMPER_ZONES = View(
    name="grafana.damper_zones",
    doc="One damper of one session: share of the time in low-speed and high-speed bump and"
    " rebound.",
    source="racing.damper_histogram AS damper" + _SESSION,
    columns=(
        *taken(
            "damper",
            DAMPER_HISTOGRAM,
            *(n for n in DAMPER_HISTOGRAM.names if n not in {"edges_mps", "shares"}),
        ),
        _DAMPER_NAME,
        *_TRACK_ID,
        *_OF_SESSION,
    ),
)

DAMPER_HISTOGRAMS = View(
    name="grafana.damper_histograms",
    doc="One bin of the velocity of one damper of one session; the first and the last have no end.",
    source="racing.damper_histogram AS damper"
    " CROSS JOIN LATERAL unnest(NULL::float8 || damper.edges_mps, damper.edges_mps || NULL::float8,"
    " damper.shares) WITH ORDINALITY AS bin(low_mps, high_mps, share, number)",
    columns=(
        *taken(
            "damper",
            DAMPER_HISTOGRAM,
            *(
                name
                for name in DAMPER_HISTOGRAM.names
                if name not in {"edges_mps", "shares", "threshold_mps"}
                and not name.startswith(("high_", "low_"))
            ),
        ),
        _DAMPER_NAME,
        ViewColumn(
            "(bin.number - 1)::integer",
            Column("bin", pl.Int32, "Number of the bin, from 0 at the fastest rebound"),
        ),
        ViewColumn(
            "bin.low_mps",
            Column("low_mps", pl.Float64, "Slowest velocity of the bin; null in the first", "m/s"),
        ),
        ViewColumn(
            "bin.high_mps",
            Column("high_mps", pl.Float64, "Where the next bin begins; null in the last", "m/s"),
        ),
        ViewColumn(
            "COALESCE((bin.low_mps + bin.high_mps) / 2,"
            " bin.high_mps - (damper.edges_mps[2] - damper.edges_mps[1]) / 2,"
            " bin.low_mps + (damper.edges_mps[2] - damper.edges_mps[1]) / 2)",
            Column(
                "middle_mps",
                pl.Float64,
                "Middle of the bin; of one without an end, as if it were as wide as the others",
                "m/s",
            ),
        ),
        ViewColumn(
            "bin.share", Column("share", pl.Float64, "Share of the records in the bin", "ratio")
        ),
    ),
)

RACE_DEBRIEFS = View(
    name="grafana.race_debriefs",
    doc="One finding of one race, with the race's result and what it changed in the ratings; a race"
    " without findings has one row.",
    source="racing.telemetry_session AS session"
    " LEFT JOIN racing.race_finding AS finding USING (session_key)"
    " LEFT JOIN racing.subsession AS subsession USING (subsession_id)"
    " LEFT JOIN racing.result AS result ON result.subsession_id = session.subsession_id"
    " AND result.simsession_number = 0 AND result.cust_id = session.cust_id"
    " WHERE session.simsession_type = 'Race'",
    columns=(
        *taken(
            "session",
            TELEMETRY_SESSION,
            "session_key",
            "subsession_id",
            "start_time",
            "track_id",
            "track_name",
            "track_config",
            "car_id",
            "car_name",
            "cust_id",
            "driver_name",
            "best_lap_time_s",
            "clean_lap_count",
        ),
        *taken("finding", RACE_FINDING, "rank", "kind", "text", "seconds", "laps", "corner"),
        *taken("finding", RACE_FINDING, "low_s", "high_s", "places", "irating", "advice", "cause"),
        *taken("subsession", SUBSESSION, "series_name", "strength_of_field", "car_count"),
        *taken(
            "result",
            RESULT,
            "starting_position",
            "finish_position",
            "incidents",
            "irating_before",
            "irating_after",
            "licence_class_before",
            "licence_class_after",
            "safety_rating_before",
            "safety_rating_after",
        ),
    ),
)

ANALYSIS_VIEWS: tuple[View, ...] = (
    LAP_TRACE_POINTS,
    LAP_TRACES,
    LAP_SECTORS,
    CORNERS,
    LAP_CORNERS,
    STINTS,
    FUEL_LAPS,
    TYRE_SETS,
    TYRE_LAPS,
    DAMPER_ZONES,
    DAMPER_HISTOGRAMS,
    REFERENCE_LAPS,
    REFERENCE_LAP_POINTS,
    RACE_DEBRIEFS,
)
