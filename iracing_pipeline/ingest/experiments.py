"""Experiments in the warehouse: started by the driver, compared whenever laps arrive.

Runs are the stints with clean laps of the experiment's driver, car and track that begin after its
start, in the order driven. Which variant each of them is, the plan says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString, cast

import numpy as np
import polars as pl

from iracing_pipeline.analysis import experiment
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.tables.experiment import EXPERIMENT, EXPERIMENT_LOOK, EXPERIMENT_RUN
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from iracing_pipeline.analysis.experiment import Variant
    from iracing_pipeline.analysis.samples import Floats
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

TO_SEE_S = 0.1
"""The difference a lap for which the laps still needed are counted."""
RUNS_A_BLOCK = 4
LONGEST_NAME = 60
LONGEST_TEXT = 200
_BASIS: LiteralString = """
SELECT session.cust_id, session.car_id, session.track_id, session.driver_name, session.car_name,
    session.track_name, summary.spread_s
FROM racing.telemetry_session AS session
LEFT JOIN racing.session_summary AS summary USING (session_key)
WHERE session.cust_id IS NOT NULL AND session.car_id IS NOT NULL AND session.track_id IS NOT NULL
    AND (session.session_key = %(session)s OR %(session)s::text IS NULL)
ORDER BY session.start_time DESC LIMIT 1
"""
_RUNS: LiteralString = """
SELECT stint.session_key, stint.stint, stint.start_time,
    array_agg(lap.lap_time_s ORDER BY lap.start_session_time_s)
FROM racing.stint AS stint
JOIN racing.telemetry_session AS session USING (session_key)
JOIN racing.telemetry_lap AS lap USING (session_key, stint)
WHERE session.car_id = %(car_id)s AND session.track_id = %(track_id)s
    AND coalesce(stint.cust_id, session.cust_id) = %(cust_id)s
    AND stint.start_time >= %(started_at)s
    AND (%(ended_at)s::timestamptz IS NULL OR stint.start_time < %(ended_at)s)
    AND lap.clean AND lap.lap_time_s IS NOT NULL
GROUP BY stint.session_key, stint.stint, stint.start_time
ORDER BY stint.start_time, stint.session_key, stint.stint
LIMIT %(most)s
"""


class ExperimentError(PipelineError):
    """The experiment cannot be started, shown or ended."""


def start(
    connection: Connection,
    name: str,
    variants: tuple[str, str],
    *,
    laps_per_run: int,
    blocks: int,
    session: str | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Start an experiment with the driver, car and track of a session.

    Args:
        connection: Of the warehouse; the caller commits.
        name: Its name.
        variants: Descriptions of A and B.
        laps_per_run: Clean laps that a run should have.
        blocks: Blocks of four runs.
        session: Its session_key; the newest one by default.
        seed: Of the plan; drawn by the system by default.

    Returns:
        Its row of ``racing.experiment``.

    Raises:
        ExperimentError: There is one of that name, or no session.
    """
    _check(name, variants)
    taken = connection.execute("SELECT 1 FROM racing.experiment WHERE name = %s", [name]).fetchone()
    if taken is not None:
        raise ExperimentError(f"There is an experiment {name} already. Choose another name")
    basis = connection.execute(_BASIS, {"session": session}).fetchone()
    if basis is None:
        raise ExperimentError(
            f"There is no session {session} with a driver, a car and a track"
            if session
            else "No session with a driver, a car and a track is loaded. Drive or load one first"
        )
    drawn = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
    names = ("cust_id", "car_id", "track_id", "driver_name", "car_name", "track_name")
    row: dict[str, Any] = {
        "name": name,
        "a": variants[0],
        "b": variants[1],
        "plan": list(experiment.plan(blocks, drawn)),
        "laps_per_run": laps_per_run,
        **dict(zip((*names, "lap_spread_s"), basis, strict=True)),
        "started_at": datetime.now(UTC),
        "ended_at": None,
    }
    load = replace(connection, EXPERIMENT, EXPERIMENT.frame([row]), where={"name": [name]})
    audit.record(connection, [load])
    return row


def _check(name: str, variants: tuple[str, str]) -> None:
    for text, most in ((name, LONGEST_NAME), *((text, LONGEST_TEXT) for text in variants)):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise ExperimentError(
                f"Names and variants are one line of text: {most} characters at most here"
            )


def end(connection: Connection, name: str) -> None:
    """End an experiment: stints that begin later do not count.

    Raises:
        ExperimentError: There is no experiment of that name that runs.
    """
    ended = connection.execute(
        "UPDATE racing.experiment SET ended_at = now() WHERE name = %s AND ended_at IS NULL", [name]
    )
    if not ended.rowcount:
        raise ExperimentError(
            f"No experiment {name} runs. List them: iracing-pipeline experiment list"
        )


def rebuild_experiments(
    connection: Connection, *, run_id: str | None = None
) -> dict[Table, pl.DataFrame]:
    """Compare every experiment again, in a separate transaction.

    Returns:
        The rows of ``racing.experiment_run`` and ``racing.experiment_look``.
    """
    runs, looks = [EXPERIMENT_RUN.frame()], [EXPERIMENT_LOOK.frame()]
    names: list[str] = []
    for row in read_table(connection, EXPERIMENT, where={}).rows(named=True):
        run, look = _compare(connection, row)
        runs.append(run)
        looks.append(look)
        names.append(row["name"])
    rows = {EXPERIMENT_RUN: pl.concat(runs), EXPERIMENT_LOOK: pl.concat(looks)}
    if names:
        loads = [replace(connection, *item, where={"name": names}) for item in rows.items()]
        audit.record(connection, loads, run_id=run_id)
    connection.commit()
    return rows


def _compare(connection: Connection, row: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Runs and looks of one experiment."""
    order = [cast("Variant", variant) for variant in row["plan"]]
    driven = connection.execute(_RUNS, {**row, "most": len(order)}).fetchall()
    times = [np.array(laps, np.float64) for *_, laps in driven]
    runs = [
        {
            "name": row["name"],
            "run": number,
            "variant": order[number - 1],
            "session_key": session_key,
            "stint": stint,
            "start_time": start_time,
            "clean_lap_count": len(laps),
            "mean_lap_time_s": float(laps.mean()),
        }
        for number, ((session_key, stint, start_time, _), laps) in enumerate(
            zip(driven, times, strict=True), start=1
        )
    ]
    blocks = len(times) // RUNS_A_BLOCK
    looks = [
        _look(row["name"], order, times[: block * RUNS_A_BLOCK], last=block == blocks)
        for block in range(1, blocks + 1)
    ]
    return EXPERIMENT_RUN.frame(runs), EXPERIMENT_LOOK.frame(looks)


def _look(name: str, order: list[Variant], times: list[Floats], *, last: bool) -> dict[str, Any]:
    shown = experiment.compare(order, times)
    needed = None
    if last and shown.block_spread_s:
        needed = experiment.laps_needed(shown.block_spread_s, TO_SEE_S, shown.laps / shown.blocks)
    return {
        "name": name,
        "block": shown.blocks,
        "difference_s": shown.difference_s,
        "low_s": shown.low_s,
        "high_s": shown.high_s,
        "faster": shown.faster,
        "lap_count": shown.laps,
        "lap_s": shown.lap_s,
        "block_spread_s": shown.block_spread_s,
        "laps_needed": needed,
    }
