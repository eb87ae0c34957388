"""The views of experiments."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.experiment import EXPERIMENT, EXPERIMENT_LOOK, EXPERIMENT_RUN
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

EXPERIMENTS = View(
    name="grafana.experiments",
    doc="One experiment, what is driven next, and what its last look says.",
    source="racing.experiment AS experiment"
    " CROSS JOIN LATERAL (SELECT count(*)::integer AS driven FROM racing.experiment_run AS run"
    " WHERE run.name = experiment.name) AS runs"
    " LEFT JOIN LATERAL (SELECT * FROM racing.experiment_look AS shown"
    " WHERE shown.name = experiment.name ORDER BY shown.block DESC LIMIT 1) AS look ON true",
    columns=(
        *taken("experiment", EXPERIMENT),
        ViewColumn(
            "cardinality(experiment.plan)",
            Column("planned_runs", pl.Int32, "Runs of the plan"),
        ),
        ViewColumn("runs.driven", Column("driven_runs", pl.Int32, "Runs with clean laps so far")),
        ViewColumn(
            "CASE WHEN experiment.ended_at IS NULL THEN experiment.plan[runs.driven + 1] END",
            Column("next_variant", pl.String, "A or B: what is driven next; null when done"),
        ),
        *taken("look", EXPERIMENT_LOOK, *(n for n in EXPERIMENT_LOOK.names if n != "name")),
    ),
)

LOOKS = View(
    name="grafana.experiment_looks",
    doc=EXPERIMENT_LOOK.doc,
    source="racing.experiment_look AS look",
    columns=taken("look", EXPERIMENT_LOOK),
)

RUNS = View(
    name="grafana.experiment_runs",
    doc=EXPERIMENT_RUN.doc,
    source="racing.experiment_run AS run",
    columns=taken("run", EXPERIMENT_RUN),
)

EXPERIMENT_VIEWS: tuple[View, ...] = (EXPERIMENTS, LOOKS, RUNS)
