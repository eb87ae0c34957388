"""Pipeline: is everything loaded, and does everything run?"""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import (
    Field,
    ago,
    number,
    seconds,
    sentence,
    series,
    share,
    text,
)
from iracing_pipeline.dashboards.panels import Panel, ranked, stat, table
from iracing_pipeline.dashboards.queries import PromQl

NO_METRICS = "No metrics: Prometheus does not scrape iracing-pipeline metrics, or it is not set up."
NOTHING_YET = "nothing loaded yet"


def last_session() -> Panel:
    """How fresh it is."""
    return stat(
        1,
        "Last session",
        "When the newest session that is loaded was driven. From grafana.telemetry_sessions.",
        ago("max(start_time)", "Last"),
        "grafana.telemetry_sessions HAVING max(start_time) IS NOT NULL",
        empty=NOTHING_YET,
        width=4,
    )


def last_load() -> Panel:
    """When anything was loaded."""
    return stat(
        2,
        "Last load",
        "When anything was last loaded into the database. From grafana.load_audit.",
        ago("max(finished_at)", "Last"),
        "grafana.load_audit HAVING max(finished_at) IS NOT NULL",
        empty=NOTHING_YET,
        width=4,
    )


def backlog() -> Panel:
    """Waiting files."""
    return stat(
        3,
        "Files waiting",
        "Files that still grow or wait for a run. From grafana.telemetry_files.",
        number("count(*)", "Waiting"),
        "grafana.telemetry_files WHERE state IN ('waiting', 'ready')",
        empty=NOTHING_YET,
        width=4,
    )


def quarantined() -> Panel:
    """Items in quarantine."""
    return stat(
        4,
        "In quarantine",
        "Items that could not be loaded and are still open; the board Data quality says why and"
        " what to do. From grafana.quarantine.",
        number("count(*)", "Open"),
        "grafana.quarantine WHERE resolved_at IS NULL",
        empty="the database is silent",
        width=4,
        link=links.to(links.DATA_QUALITY, "Why, and what to do"),
    )


def up() -> Panel:
    """Whether it can be asked."""
    return stat(
        5,
        "Sources up",
        "Whether database and Dagster answered the metrics endpoint the last time that they were"
        " asked: 100 % when all did. None without a Prometheus"
        " that scrapes iracing-pipeline metrics. From the recording rule"
        " source:iracing_source_up:min.",
        Field("", "Answering").with_(unit=units.PercentUnit, decimals=0),
        PromQl('avg(source:iracing_source_up:min{job="iracing"})', "Answering"),
        empty="no metrics",
        width=4,
    )


def disk() -> Panel:
    """Room on the disk."""
    return stat(
        6,
        "Disk free",
        "Share of the disk that is free where the data lies, of the fullest. From the recording"
        " rule folder:iracing_disk_free:ratio.",
        Field("", "Free").with_(unit=units.PercentUnit, decimals=0),
        PromQl('min(folder:iracing_disk_free:ratio{job="iracing"})', "Free"),
        empty="no metrics",
        width=4,
    )


def files() -> Panel:
    """Files by state."""
    return chart(
        7,
        "Files by state",
        "Telemetry files by what became of them. From the recording rule"
        " state:iracing_telemetry_files:sum.",
        (
            series("loaded", palette.GREEN),
            series("waiting", palette.YELLOW),
            series("ready", palette.SKY),
            series("quarantined", palette.VERMILLION),
            series("duplicate", palette.GREY),
            series("missing", palette.PURPLE),
        ),
        PromQl('state:iracing_telemetry_files:sum{job="iracing"}', "{{state}}"),
        empty=NO_METRICS,
        drawing=Drawing(steps=True, low=0, decimals=0),
        width=12,
        height=8,
    )


def runs() -> Panel:
    """Dagster's runs."""
    return chart(
        8,
        "Runs in an hour",
        "Dagster runs that ended in the last hour, by outcome. From the recording rule"
        " dagster_job_outcome:iracing_dagster_runs:increase1h.",
        (
            series("success", palette.GREEN),
            series("failure", palette.VERMILLION),
            series("canceled", palette.GREY),
        ),
        PromQl(
            'sum by (outcome) (dagster_job_outcome:iracing_dagster_runs:increase1h{job="iracing"})',
            "{{outcome}}",
        ),
        empty="No run in this time range, or Prometheus does not scrape iracing-pipeline metrics.",
        drawing=Drawing(style="bars", fill=80, stacked=True, decimals=0, low=0),
        width=12,
        height=8,
        may_be_empty=True,
    )


def loads() -> Panel:
    """Loads."""
    return table(
        9,
        "Tables",
        "Each table: when it was last loaded, rows that were new and changed in the time"
        " range, and how long its loads took. From grafana.load_audit.",
        (
            sentence("table_name", "Table", least=215),
            ago("max(finished_at)", "Last load").wide(120),
            number("sum(rows_inserted)", "New rows").wide(90),
            number("sum(rows_updated)", "Changed").wide(80),
            seconds("percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)", "Median time").wide(
                100
            ),
            seconds("max(seconds)", "Longest").wide(90),
        ),
        "grafana.load_audit WHERE $__timeFilter(finished_at)\n"
        "GROUP BY table_name ORDER BY max(finished_at) DESC",
        empty="Nothing was loaded in this time range.",
        width=14,
        height=10,
    )


def steps() -> Panel:
    """How long steps take."""
    return ranked(
        10,
        "Seconds a step",
        "How long each step of loading a session takes: median over the time range. From"
        " grafana.step_times.",
        (
            sentence("step", "Step", least=75),
            number(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)", "Median, s", decimals=2
            ).coloured(palette.SKY),
            number("max(seconds)", "Longest, s", decimals=2).coloured(palette.GREY),
        ),
        "grafana.step_times WHERE $__timeFilter(finished_at)\nGROUP BY step ORDER BY step",
        empty="No session was loaded in this time range.",
        width=10,
        height=10,
    )


def api() -> Panel:
    """The Data API."""
    return table(
        11,
        "Data API",
        "What iRacing's Data API last said: requests left of the quota, and when the login ends."
        " One row an OAuth client. From grafana.api_quota.",
        (
            sentence("client", "Client", least=110),
            number("quota_remaining", "Requests left").wide(120),
            share("quota_remaining::double precision / nullif(quota_limit, 0)", "Left").wide(80),
            ago("quota_at", "Said").wide(130),
            ago("token_expires_at", "Login ends").wide(130),
        ),
        "grafana.api_quota ORDER BY quota_at DESC",
        empty="No Data API is set up: everything works from files without it.",
        width=12,
        height=7,
        may_be_empty=True,
    )


def fetches() -> Panel:
    """Requested races."""
    return table(
        12,
        "Races asked for",
        "Subsessions that the Data API is asked for, by season and how far that got; incomplete"
        " ones are asked for again. From grafana.subsession_fetches.",
        (
            sentence("season", "Season", least=80),
            number("count(*)", "Races").wide(80),
            number("count(*) FILTER (WHERE status = 'ok')", "Received").wide(90),
            number("count(*) FILTER (WHERE status = 'pending')", "Pending").wide(90),
            number(
                "count(*) FILTER (WHERE status IN ('partial', 'retry', 'refused'))", "Incomplete"
            ).wide(100),
            number(
                "count(*) FILTER (WHERE status IN ('forbidden', 'missing', 'rejected'))",
                "Refused for good",
            ).wide(110),
        ),
        "grafana.subsession_fetches GROUP BY season ORDER BY season DESC",
        empty="No race is asked for: without a Data API results come from files.",
        width=12,
        height=7,
        may_be_empty=True,
    )


def deliveries() -> Panel:
    """Samples in Prometheus."""
    return table(
        13,
        "Sessions sent to Prometheus",
        "Sessions by destination and state: waiting ones are sent later, refused samples are never"
        " taken. From grafana.metric_deliveries.",
        (
            sentence("destination", "Destination", least=110),
            text("state", "State").wide(90),
            number("count(*)", "Sessions").wide(90),
            number("sum(accepted)", "Samples").wide(120),
            number("sum(waiting)", "Waiting").wide(100),
            number("sum(refused)", "Refused").wide(100),
            ago("max(tried_at)", "Last tried").wide(130),
        ),
        "grafana.metric_deliveries GROUP BY destination, state ORDER BY destination, state",
        empty="Nothing is sent: no Prometheus is set up to take sessions.",
        width=24,
        height=6,
        may_be_empty=True,
    )


BOARD = Board(
    uid=links.PIPELINE,
    title="Pipeline",
    folder=Folder.OPERATIONS,
    question="Is everything loaded that I drove, and does everything run?",
    start="now-7d",
    refresh="1m",
    sections=(
        Section(None, (last_session(), last_load(), backlog(), quarantined(), up(), disk())),
        Section("Runs and loads", (files(), runs(), loads(), steps())),
        Section("Outside", (api(), fetches(), deliveries())),
    ),
)
