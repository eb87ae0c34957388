"""The assets of figures over all sessions, each recomputed in full from the warehouse."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from iracing_pipeline.defs.figures import metadata
from iracing_pipeline.defs.freshness import DAILY
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.tables import description_of, metadata_of
from iracing_pipeline.defs.telemetry.assets import telemetry_laps, telemetry_sessions
from iracing_pipeline.ingest import figures as ingest
from iracing_pipeline.ingest.experiments import rebuild_experiments
from iracing_pipeline.ingest.figures import Rows
from iracing_pipeline.ingest.race_what_ifs import simulate_due_what_ifs
from iracing_pipeline.ingest.races import analyse_due_races
from iracing_pipeline.tables import Table
from iracing_pipeline.tables.consistency import CONSISTENCY_TREND
from iracing_pipeline.tables.experiment import EXPERIMENT_LOOK, EXPERIMENT_RUN
from iracing_pipeline.tables.race import (
    IRATING_OUTCOME,
    RACE_LEDGER,
    RACE_PACE,
    RACE_WHAT_IF,
    TRAFFIC_EFFECT,
)
from iracing_pipeline.tables.ratings import RATING_FORECAST, RATING_TARGET
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON
from iracing_pipeline.tables.strategy import CAR_TRACK, FUEL_SAVING, RACE_LENGTH, RACE_PLAN
from iracing_pipeline.warehouse import Connection

OWNERS = ["team:racing"]


def _figure(name: str, group: str, deps: list[dg.AssetSpec | str], *tables: Table) -> dg.AssetSpec:
    """Declare an asset that is computed from the warehouse."""
    return dg.AssetSpec(
        name,
        deps=deps,
        group_name=group,
        owners=OWNERS,
        kinds={"postgres", "polars"},
        code_version="1",
        description=description_of(*tables),
        metadata=metadata_of(*tables),
        freshness_policy=DAILY,
    )


_DRIVEN: list[dg.AssetSpec | str] = [telemetry_sessions, telemetry_laps]

car_tracks = _figure(
    "car_tracks",
    "strategy",
    [*_DRIVEN, "stints", "tyre_sets", "fuel_laps", "subsessions"],
    CAR_TRACK,
)
race_plans = _figure(
    "race_plans", "strategy", [car_tracks, "results"], RACE_PLAN, RACE_LENGTH, FUEL_SAVING
)
consistency_trends = _figure("consistency_trends", "trends", ["consistency"], CONSISTENCY_TREND)
setup_comparisons = _figure("setup_comparisons", "trends", _DRIVEN, SETUP_COMPARISON, SETUP_CHANGE)
rating_forecasts = _figure(
    "rating_forecasts", "ratings", ["rating_history", "results"], RATING_FORECAST, RATING_TARGET
)
race_ledgers = _figure(
    "race_ledgers",
    "debrief",
    ["results", "laps", "session_events", telemetry_laps, "race_debriefs"],
    RACE_LEDGER,
    RACE_PACE,
    TRAFFIC_EFFECT,
)
race_what_ifs = _figure(
    "race_what_ifs", "debrief", [race_ledgers, "irating_outcomes"], RACE_WHAT_IF
)
experiments = _figure(
    "experiments", "trends", [*_DRIVEN, "stints"], EXPERIMENT_LOOK, EXPERIMENT_RUN
)
irating_outcomes = _figure("irating_outcomes", "debrief", ["results"], IRATING_OUTCOME)

_Rebuild = Callable[..., Rows]
_Show = Callable[[Connection, Rows], dict[str, Any]]
_WORK: dict[dg.AssetKey, tuple[_Rebuild, _Show]] = {
    car_tracks.key: (ingest.rebuild_car_tracks, metadata.of_car_tracks),
    race_plans.key: (ingest.rebuild_race_plans, metadata.of_race_plans),
    consistency_trends.key: (ingest.rebuild_consistency_trends, metadata.of_trends),
    setup_comparisons.key: (ingest.rebuild_setup_comparisons, metadata.of_setups),
    rating_forecasts.key: (ingest.rebuild_rating_outlook, metadata.of_forecasts),
    experiments.key: (rebuild_experiments, metadata.of_experiments),
}
"""How each is rebuilt and shown, in order of dependency."""


@dg.multi_asset(
    specs=[
        car_tracks,
        race_plans,
        consistency_trends,
        setup_comparisons,
        rating_forecasts,
        experiments,
    ],
    can_subset=True,
)
def figures(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Recompute each selected figure, each in a separate transaction."""
    for key, (rebuild, show) in _WORK.items():
        if key not in context.selected_asset_keys:
            continue
        began = time.perf_counter()
        with warehouse.connect() as connection:
            rows = rebuild(connection, run_id=context.run.run_id)
            shown = show(connection, rows)
        took = time.perf_counter() - began
        context.log.info("%s: %.2f s", key.to_user_string(), took)
        yield dg.MaterializeResult(asset_key=key, metadata={**shown, "seconds": round(took, 3)})


@dg.multi_asset(specs=[race_ledgers, irating_outcomes])
def races(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Take every new or changed race apart, in batches that are committed one by one."""
    began = time.perf_counter()
    with warehouse.connect() as connection:
        done = analyse_due_races(connection, run_id=context.run.run_id)
    took = round(time.perf_counter() - began, 3)
    context.log.info("%d races: %.2f s", done.races, took)
    for subsession_id, reason in done.refused.items():
        context.log.warning("race %d is in quarantine: %s", subsession_id, reason)
    for spec, tables in (
        (race_ledgers, (RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT)),
        (irating_outcomes, (IRATING_OUTCOME,)),
    ):
        rows = {f"rows of {table.name}": done.rows[table] for table in tables}
        yield dg.MaterializeResult(
            asset_key=spec.key, metadata={"races": done.races, **rows, "seconds": took}
        )


@dg.multi_asset(specs=[race_what_ifs])
def replays(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Drive the newest races of own cars again with one change; the next run does the rest."""
    began = time.perf_counter()
    with warehouse.connect() as connection:
        done = simulate_due_what_ifs(connection, run_id=context.run.run_id)
    took = round(time.perf_counter() - began, 3)
    context.log.info("%d races simulated: %.2f s", done.races, took)
    for subsession_id, reason in done.refused.items():
        context.log.warning("race %d was not simulated: %s", subsession_id, reason)
    metadata_shown = {"races": done.races, "rows": done.rows, "seconds": took}
    yield dg.MaterializeResult(asset_key=race_what_ifs.key, metadata=metadata_shown)
