"""Commands for experiments: compare two ways to set up or to drive a car."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.group(epilog="Example: iracing-pipeline experiment list")
def experiment() -> None:
    """Compare two ways to set up or to drive a car, with an interval that holds at every look."""


@experiment.command(
    epilog="Example: iracing-pipeline experiment start wing --a 'rear wing 6' --b 'rear wing 8'"
)
@click.argument("name")
@click.option("--a", required=True, help="Description of variant A, such as 'rear wing 6'.")
@click.option("--b", required=True, help="Description of variant B.")
@click.option("--laps-per-run", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option(
    "--blocks", type=click.IntRange(7, 100), default=12, show_default=True, help="Of four runs."
)
@click.option("--session", help="Session with the driver, car and track; the newest by default.")
def start(
    name: str, *, a: str, b: str, laps_per_run: int, blocks: int, session: str | None
) -> None:
    """Draw the plan of an experiment. Every stint from now on is a run."""
    from iracing_pipeline.analysis.experiment import laps_needed
    from iracing_pipeline.ingest import experiments
    from iracing_pipeline.report import session_key

    with _connected() as connection:
        session = session_key(connection, session) if session else None
        row = experiments.start(
            connection, name, (a, b), laps_per_run=laps_per_run, blocks=blocks, session=session
        )
        connection.commit()
    echo(f"{name}: A is {a}, B is {b}.")
    echo(f"{row['driver_name']}, {row['car_name']} at {row['track_name']}.")
    echo(f"Drive {laps_per_run} clean laps a run, each from the pits, in this order:")
    plan = "".join(row["plan"])
    echo("  " + " ".join(plan[at : at + 4] for at in range(0, len(plan), 4)))
    if row["lap_spread_s"]:
        spread = row["lap_spread_s"] / laps_per_run**0.5
        needed = laps_needed(spread, experiments.TO_SEE_S, 4 * laps_per_run)
        how_many = f"about {needed} laps" if needed else "more than 100 blocks"
        echo(
            f"With your usual spread of {row['lap_spread_s']:.3f} s a lap, a difference of"
            f" {experiments.TO_SEE_S} s a lap takes {how_many}."
        )


@experiment.command(epilog="Example: iracing-pipeline experiment show wing")
@click.argument("name")
def show(name: str) -> None:
    """Show the next runs to drive, and the result so far."""
    with _connected() as connection:
        row = _shown(connection, name)
    planned, driven = row["planned_runs"], row["driven_runs"]
    echo(f"{name}: A is {row['a']}, B is {row['b']}.")
    echo(f"{driven} of {planned} runs driven, {row['lap_count'] or 0} clean laps in whole blocks.")
    if row["ended_at"] is not None:
        echo("It has ended.")
    elif row["next_variant"]:
        text = row["a"] if row["next_variant"] == "A" else row["b"]
        echo(f"Next: {row['next_variant']} ({text}), {row['laps_per_run']} clean laps.")
    else:
        echo("The plan is driven.")
    _echo_comparison(row)


@experiment.command("list", epilog="Example: iracing-pipeline experiment list")
def list_experiments() -> None:
    """List the experiments."""
    with _connected() as connection:
        rows = _rows(connection)
    for row in rows:
        state = "ended" if row["ended_at"] else "runs"
        echo(
            f"{row['name']}  {state}  {row['driven_runs']} of {row['planned_runs']} runs"
            f"  {row['car_name']} at {row['track_name']}"
        )
    echo(f"{len(rows)} experiments.")


@experiment.command(epilog="Example: iracing-pipeline experiment end wing")
@click.argument("name")
def end(name: str) -> None:
    """End an experiment: later stints do not count."""
    from iracing_pipeline.ingest import experiments

    with _connected() as connection:
        experiments.end(connection, name)
        connection.commit()
    echo(f"{name} has ended.")


def _echo_comparison(row: dict[str, Any]) -> None:
    from iracing_pipeline.analysis.experiment import FEWEST_BLOCKS
    from iracing_pipeline.ingest.experiments import TO_SEE_S

    if row["difference_s"] is None:
        echo("Nothing can be compared before the first four runs.")
        return
    ends = (row["low_s"], row["high_s"])
    low, high = ("open" if each is None else f"{each:+.3f}" for each in ends)
    echo(
        f"B minus A: {row['difference_s']:+.3f} s a lap, 95 % interval at every look {low} to"
        f" {high} s, {row['block']} blocks."
    )
    if row["faster"]:
        echo(f"{row['faster']} is faster.")
    elif row["block"] < FEWEST_BLOCKS:
        echo(f"Before {FEWEST_BLOCKS} blocks no difference can be claimed.")
    else:
        echo("No difference can be claimed.")
    if row["laps_needed"]:
        left = max(row["laps_needed"] - row["lap_count"], 0)
        echo(f"To see {TO_SEE_S} s a lap: {row['laps_needed']} laps in all, {left} more.")
    elif row["block_spread_s"] is not None:
        echo(f"To see {TO_SEE_S} s a lap takes more than 100 blocks at this spread.")


def _shown(connection: Connection, name: str) -> dict[str, Any]:
    from iracing_pipeline.ingest.experiments import ExperimentError

    rows = [row for row in _rows(connection) if row["name"] == name]
    if not rows:
        raise ExperimentError(
            f"There is no experiment {name}. List them: iracing-pipeline experiment list"
        )
    return rows[0]


def _rows(connection: Connection) -> list[dict[str, Any]]:
    """The rows of ``grafana.experiments``, computed again."""
    from psycopg.rows import dict_row

    from iracing_pipeline.ingest.experiments import rebuild_experiments

    rebuild_experiments(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM grafana.experiments ORDER BY started_at").fetchall()


@contextmanager
def _connected() -> Iterator[Connection]:
    from iracing_pipeline.warehouse import Warehouse, database_url, migrate

    url = database_url(Settings.from_env())
    migrate(url)
    with Warehouse(url).connect() as connection:
        yield connection
