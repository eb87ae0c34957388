"""Which page describes how a table's figures are computed, and which function computes them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from iracing_pipeline.ingest.lap_tables import LAP_TABLES
from iracing_pipeline.tables.catalog import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.tables import Table


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule by which a figure is computed.

    Attributes:
        docs: Page and section, such as ``docs/laps.md#timing``.
        function: Module and name of the function, below ``iracing_pipeline``.
    """

    docs: str
    function: str

    def load(self) -> Callable[..., object]:
        """The function itself."""
        module, _, name = self.function.rpartition(".")
        function: Callable[..., object] = getattr(import_module(module), name)
        return function


def rule_of(table: Table, column: str) -> Rule:
    """The rule of a column: its own, or its table's."""
    name = table.name.removeprefix("racing.")
    docs, function = _COLUMNS.get((name, column)) or _TABLES.get(name) or _OTHER
    return Rule(f"docs/{docs}", f"iracing_pipeline.{function}")


def rules() -> list[Rule]:
    """Every rule there is."""
    of_tables = [rule_of(table, "") for table in TABLES]
    of_columns = [Rule(f"docs/{docs}", f"iracing_pipeline.{f}") for docs, f in _COLUMNS.values()]
    return [*of_tables, *of_columns]


_OTHER = ("architecture.md#data-flow", "warehouse.load.upsert")
_RESULTS = ("results.md", "results.subsession.read_subsessions")
_TABLES = {
    **{
        each.table.name.removeprefix("racing."): (
            each.docs,
            f"{each.rule.__module__}.{each.rule.__name__}".removeprefix("iracing_pipeline."),
        )
        for each in LAP_TABLES
    },
    "telemetry_session": ("laps.md", "analysis.sessions.session"),
    "telemetry_lap": ("laps.md#cutting", "analysis.laps.laps"),
    "track_grid": ("analysis.md#traces", "analysis.track_grid.track_grid"),
    "corner_map": ("analysis.md#corners", "analysis.corner_map.find"),
    "consistency_trend": ("analysis.md#consistency", "analysis.session_summary.consistency_trends"),
    "reference_lap": ("analysis.md#reference-laps", "ingest.reference_lap.move_to_grid"),
    "car_track": ("analysis.md#a-car-on-a-track", "analysis.car_track.car_tracks"),
    "race_length": ("analysis.md#strategy", "analysis.race_plans.race_plans"),
    "race_plan": ("analysis.md#strategy", "analysis.race_plans.race_plans"),
    "race_plan_stop": ("analysis.md#strategy", "analysis.race_plans.race_plans"),
    "fuel_saving": ("analysis.md#strategy", "analysis.race_plans.race_plans"),
    "setup_comparison": ("analysis.md#setups", "analysis.setup.comparisons"),
    "setup_change": ("analysis.md#setups", "analysis.setup.comparisons"),
    "rating_forecast": ("analysis.md#rating-forecast", "analysis.rating_outlook.forecasts"),
    "rating_target": ("analysis.md#rating-forecast", "analysis.rating_outlook.targets"),
    "irating_outcome": ("analysis.md#irating-of-a-race", "analysis.irating_outcomes.outcomes"),
    "race_ledger": ("analysis.md#race-ledger", "analysis.race_ledger.ledger"),
    "race_pace": ("analysis.md#race-ledger", "analysis.race_ledger.race_paces"),
    "traffic_effect": ("analysis.md#race-ledger", "analysis.race_ledger.traffic_effects"),
    "race_what_if": ("analysis.md#what-ifs", "analysis.race_questions.what_ifs"),
    "experiment": ("analysis.md#experiments", "ingest.experiments.start"),
    "experiment_run": ("analysis.md#experiments", "ingest.experiments.rebuild_experiments"),
    "experiment_look": ("analysis.md#experiments", "analysis.experiment.compare"),
    "rating_history": ("results.md", "ingest.members.rebuild_ratings"),
    "career": ("results.md", "ingest.members.rebuild_ratings"),
    "yearly": ("results.md", "ingest.members.rebuild_ratings"),
    "subsession": _RESULTS,
    "subsession_class": _RESULTS,
    "simsession": _RESULTS,
    "result": _RESULTS,
    "lap": ("results.md", "ingest.results.load_in_transaction"),
    "session_event": ("results.md", "ingest.results.load_in_transaction"),
}
_TIMING = ("laps.md#timing", "analysis.lap_timing.lap_time")
_KIND = ("laps.md#kinds", "analysis.lap_kind.kind")
_REASONS = ("laps.md#reasons", "analysis.lap_kind.reasons")
_ENERGY = ("analysis.md#fuel", "analysis.energy.lap_energy")
_COLUMNS = {
    ("telemetry_lap", "kind"): _KIND,
    ("telemetry_lap", "reasons"): _REASONS,
    ("telemetry_lap", "clean"): _REASONS,
    ("telemetry_lap", "lap_time_s"): _TIMING,
    ("telemetry_lap", "lap_time_method"): _TIMING,
    ("telemetry_lap", "residual_s"): _TIMING,
    ("telemetry_lap", "official_lap_time_s"): (
        "laps.md#timing",
        "analysis.lap_timing.official_lap_time",
    ),
    **{
        ("telemetry_lap", name): ("laps.md#figures", "analysis.laps.laps")
        for name in ("distance_m", "max_speed_mps", "fuel_used_l", "fuel_added_l", "off_track_s")
    },
    **{
        ("telemetry_lap", f"energy_{name}_kwh"): _ENERGY
        for name in ("start", "end", "used", "deployed")
    },
}
