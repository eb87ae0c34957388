"""Variables: what the reader can choose at the top of a board, and what links set."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableType,
)

from iracing_pipeline.dashboards import queries


@dataclass(frozen=True, slots=True)
class DataSource:
    """Which data source of a kind the board reads; hidden, the provisioned one unless changed."""

    name: str
    plugin: str
    uid: str
    label: str

    @property
    def model(self) -> VariableModel:
        """As Grafana keeps it."""
        return VariableModel(
            type_val=VariableType.DATASOURCE,
            name=self.name,
            label=self.label,
            hide=VariableHide.HIDE_VARIABLE,
            query=self.plugin,
            current=VariableOption(text=self.label, value=self.uid),
            refresh=VariableRefresh.ON_DASHBOARD_LOAD,
        )


@dataclass(frozen=True, slots=True)
class Fixed:
    """A choice of fixed values; the first is the default.

    Attributes:
        name: Its name in queries.
        label: Text for the reader.
        about: Effect.
        options: Texts and values.
    """

    name: str
    label: str
    about: str
    options: tuple[tuple[str, str], ...]

    @property
    def model(self) -> VariableModel:
        """As Grafana keeps it."""
        options = [VariableOption(text=text, value=value) for text, value in self.options]
        options[0].selected = True
        return VariableModel(
            type_val=VariableType.CUSTOM,
            name=self.name,
            label=self.label,
            description=self.about,
            query=", ".join(f"{text} : {value}" for text, value in self.options),
            options=options,
            current=VariableOption(selected=True, text=options[0].text, value=options[0].value),
            allow_custom_value=False,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice that a query gives; its first row is the default.

    The query returns ``__text`` and ``__value``, and always a row: a variable without options
    breaks every panel that uses it. Names of other variables in it make it follow them.

    Attributes:
        name: Its name in queries.
        label: Text for the reader.
        about: Effect.
        sql: The query.
        hidden: Whether it follows from the others alone: it is not seen, and no address sets it.
    """

    name: str
    label: str
    about: str
    sql: str
    hidden: bool = False

    @property
    def model(self) -> VariableModel:
        """As Grafana keeps it."""
        return VariableModel(
            type_val=VariableType.QUERY,
            name=self.name,
            label=self.label,
            description=self.about,
            hide=VariableHide.HIDE_VARIABLE if self.hidden else None,
            skip_url_sync=self.hidden,
            datasource=queries.POSTGRES,
            query=self.sql.strip(),
            refresh=VariableRefresh.ON_DASHBOARD_LOAD,
        )


@dataclass(frozen=True, slots=True)
class Linked:
    """A text that links alone set: a choice that belongs to the time range of the same link.

    Attributes:
        name: Its name in queries.
        about: What it does.
    """

    name: str
    about: str

    @property
    def model(self) -> VariableModel:
        """As Grafana keeps it."""
        return VariableModel(
            type_val=VariableType.TEXTBOX,
            name=self.name,
            label=self.name,
            description=self.about,
            hide=VariableHide.HIDE_VARIABLE,
            query="",
            current=VariableOption(selected=True, text="", value=""),
        )


Variable = DataSource | Fixed | Choice | Linked

POSTGRES = DataSource(
    "postgres", "grafana-postgresql-datasource", "iracing-postgres", "iRacing PostgreSQL"
)
PROMETHEUS = DataSource("prometheus", "prometheus", "iracing-prometheus", "iRacing Prometheus")

UNITS = Fixed(
    "units",
    "Units",
    "km/h, °C, litres, kPa or mph, °F, gallons, psi.",
    (("Metric", "metric"), ("Imperial", "imperial")),
)

LOCAL_START = (
    "to_char(start_time AT TIME ZONE '${__timezone}', 'YYYY-MM-DD HH24:MI')"
    " || CASE lower('${__timezone}') WHEN 'utc' THEN ' UTC' ELSE '' END"
)
"""SQL of a start as a choice writes it: in the board's time zone, as its tables do."""

# Filters have names of their own: the menu carries variables to boards where "all" is no car.
ONLY_CAR = Choice(
    "only_car",
    "Car",
    "Only sessions in this car.",
    """
SELECT 'All' AS __text, 'all' AS __value, 0 AS place, '' AS name
UNION ALL
SELECT DISTINCT car_name, car_id::text, 1, car_name FROM grafana.telemetry_sessions
WHERE car_id IS NOT NULL
ORDER BY place, name
""",
)

ONLY_TRACK = Choice(
    "only_track",
    "Track",
    "Only sessions on this track configuration.",
    """
SELECT 'All' AS __text, 'all' AS __value, 0 AS place, '' AS name
UNION ALL
SELECT DISTINCT concat_ws(' · ', track_name, track_config), track_id::text, 1,
    concat_ws(' · ', track_name, track_config)
FROM grafana.telemetry_sessions WHERE track_id IS NOT NULL
ORDER BY place, name
""",
)

ONLY_DRIVER = Choice(
    "only_driver",
    "Driver",
    "Only what this driver drove, where the database holds several.",
    """
SELECT 'All' AS __text, 'all' AS __value, 0 AS place, '' AS name
UNION ALL
SELECT max(driver_name), cust_id::text, 1, max(driver_name) FROM grafana.telemetry_sessions
WHERE cust_id IS NOT NULL AND driver_name IS NOT NULL GROUP BY cust_id
ORDER BY place, name
""",
)


def of_driver(alias: str = "") -> str:
    """SQL of what the chosen driver drove, for a view with ``cust_id``.

    Args:
        alias: The view's alias with its dot, such as ``session.``.
    """
    return f"('${{only_driver}}' = 'all' OR {alias}cust_id::text = '${{only_driver}}')"


SESSION = Choice(
    "session",
    "Session",
    "The session shown; the newest comes first.",
    f"""
SELECT __text, __value FROM (
    SELECT {LOCAL_START} || ' · '
        || concat_ws(' · ', simsession_type, car_name, track_name) AS __text,
        session_key AS __value, start_time
    FROM grafana.telemetry_sessions ORDER BY start_time DESC LIMIT 1000
) AS known
UNION ALL
SELECT 'no session loaded yet', 'none' WHERE NOT EXISTS (SELECT FROM grafana.telemetry_sessions)
""",
)


def factor(name: str, sql: str) -> Choice:
    """A number that PromQL multiplies with, or adds, for the reader's units; hidden."""
    return Choice(
        name,
        name,
        "What values are converted to the reader's units with.",
        f"SELECT value::text AS __text, value::text AS __value FROM (SELECT {sql} AS value) AS one",
        hidden=True,
    )


SPEED_FACTOR = factor("speed_factor", "grafana.speed(1, '${units}')")
VOLUME_FACTOR = factor("volume_factor", "grafana.volume(1, '${units}')")
TEMPERATURE_OFFSET = factor("temperature_offset", "grafana.temperature(0, '${units}')")
TEMPERATURE_FACTOR = factor(
    "temperature_factor", "grafana.temperature(1, '${units}') - grafana.temperature(0, '${units}')"
)
