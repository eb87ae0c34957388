"""Experiments: whether A or B is faster, and how many laps it takes to know."""

from __future__ import annotations

from iracing_pipeline.analysis.experiment import FEWEST_BLOCKS
from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    hidden,
    lap_text,
    moment,
    number,
    seconds,
    sentence,
    text,
    whole,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.variables import Choice

EXPERIMENT = Choice(
    "experiment",
    "Experiment",
    "One experiment; the one started last comes first.",
    """
SELECT __text, __value FROM (
    SELECT name || ' · ' || coalesce(track_name, 'track ' || track_id) AS __text, name AS __value,
        started_at
    FROM grafana.experiments ORDER BY started_at DESC LIMIT 500
) AS known
UNION ALL
SELECT 'no experiment yet', 'none' WHERE NOT EXISTS (SELECT FROM grafana.experiments)
""",
)

THIS = "name = '${experiment}'"
NONE_YET = "No experiment yet: start one with iracing-pipeline experiment start."
NO_BLOCK = "Nothing can be compared before the first four runs, a block, are driven."


def drive_next() -> Panel:
    """The next step of each experiment."""
    return stat(
        1,
        "Drive next",
        "The variant that the plan wants next; the plan was drawn by chance, so that drift and"
        " learning fall on both. From grafana.experiments.",
        text(
            "CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN next_variant IS NULL"
            " THEN 'plan is driven' ELSE next_variant || ': '"
            " || CASE next_variant WHEN 'A' THEN a ELSE b END END",
            "Next",
        ),
        f"grafana.experiments WHERE {THIS}",
        empty="no experiment yet",
        width=8,
        may_be_empty=True,
    )


def verdict() -> Panel:
    """Result of an experiment so far."""
    return stat(
        2,
        "Faster",
        "The variant that is faster, once the interval of the difference leaves out zero. It may be"
        f" looked at after each block; before {FEWEST_BLOCKS} blocks nothing is claimed. From"
        " grafana.experiments.",
        text(
            "CASE WHEN faster IS NOT NULL THEN faster || ': ' || CASE faster WHEN 'A' THEN a"
            f" ELSE b END WHEN block < {FEWEST_BLOCKS} THEN 'too early'"
            " WHEN block IS NOT NULL THEN 'no difference seen' END",
            "Faster",
        ),
        f"grafana.experiments WHERE {THIS}",
        empty="no block driven yet",
        width=8,
        may_be_empty=True,
    )


def difference() -> Panel:
    """How much."""
    return stat(
        3,
        "B minus A",
        "What a lap with B takes longer than with A: the median over the blocks. Below zero, B is"
        " faster. From grafana.experiments.",
        seconds("difference_s", "Difference"),
        f"grafana.experiments WHERE {THIS}",
        empty="no block yet",
        may_be_empty=True,
    )


def laps_left() -> Panel:
    """How long it takes."""
    return stat(
        4,
        "Laps to go",
        "Clean laps still to drive until a difference of 0.1 s a lap would be seen in four of five"
        " cases, by the spread of the blocks so far. From grafana.experiments.",
        number(
            "CASE WHEN laps_needed > lap_count THEN laps_needed - lap_count"
            " WHEN laps_needed IS NOT NULL THEN 0 END",
            "Laps",
        ),
        f"grafana.experiments WHERE {THIS}",
        empty="not known yet",
        may_be_empty=True,
    )


def looks() -> Panel:
    """The difference after each block."""
    return by_number(
        5,
        "The difference after each block",
        "B minus A a lap after each block of four runs, with the 95 % interval that holds at every"
        " look together: while it holds zero, no difference is claimed. From"
        " grafana.experiment_looks.",
        (
            whole("block", "Block"),
            seconds("difference_s", "B minus A").coloured(palette.SKY),
            seconds("low_s", "from").coloured(palette.GREY).dashed(),
            seconds("high_s", "to").coloured(palette.GREY).dashed(),
        ),
        f"grafana.experiment_looks WHERE {THIS} ORDER BY block",
        empty=NO_BLOCK,
        drawing=Drawing(points=True, low=0, high=0),
        width=12,
        height=10,
        may_be_empty=True,
    )


def runs() -> Panel:
    """Laps of an experiment."""
    return table(
        6,
        "Runs",
        "Each run of the plan that was driven: the mean of its clean laps. Click the time for its"
        " session. From grafana.experiment_runs.",
        (
            hidden("session_key", "session_key"),
            number("run", "Run").wide(50),
            text("variant", "Is").wide(45),
            lap_text("mean_lap_time_s", "Mean lap").wide(90),
            number("clean_lap_count", "Clean laps").wide(90),
            moment("start_time", "Driven (UTC)").linked(
                links.to(links.SESSION, "Its session", session=field("session_key"))
            ),
        ),
        f"grafana.experiment_runs WHERE {THIS} ORDER BY run DESC",
        empty="No run yet: each stint with clean laps from the start of the experiment is one.",
        width=12,
        height=10,
        may_be_empty=True,
    )


def experiments() -> Panel:
    """All of them."""
    choose = links.to(links.EXPERIMENTS, "Show this experiment", experiment=field("experiment"))
    return table(
        7,
        "All experiments",
        "Every experiment, newest first: what A and B are, how many runs of the plan are driven,"
        " and what it says. From grafana.experiments.",
        (
            hidden("name", "experiment"),
            text("name", "Name").wide(140).linked(choose),
            sentence("'A: ' || a || ', B: ' || b", "Compares", least=200),
            text("driven_runs || ' of ' || planned_runs", "Runs").wide(90),
            seconds("difference_s", "B minus A").wide(90),
            text(
                "to_char(low_s, 'FMS990.000') || ' to ' || to_char(high_s, 'FMS990.000')", "95 %"
            ).wide(150),
            text("faster", "Faster").wide(70),
            number("lap_count", "Laps").wide(60),
            moment("started_at", "Started (UTC)"),
        ),
        "grafana.experiments ORDER BY started_at DESC LIMIT 200",
        empty=NONE_YET,
        height=7,
        may_be_empty=True,
    )


BOARD = Board(
    uid=links.EXPERIMENTS,
    title="Experiments",
    folder=Folder.TRENDS,
    question="Is A or B faster, and how many laps does it take to know?",
    variables=(EXPERIMENT,),
    utc=True,
    sections=(
        Section(None, (drive_next(), verdict(), difference(), laps_left(), looks(), runs())),
        Section("All", (experiments(),)),
    ),
)
