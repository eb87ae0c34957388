"""Fuel per lap, range of the fuel, and fuel to add.

Averages come from clean laps alone, or from caution laps alone: pit laps, off-tracks and spins
burn what no racing lap burns. The estimator is always named: the median, or for a plan that must
not run dry the 65th or 90th percentile.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import polars as pl

from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.tables.stints import FUEL_LAP

CLEAN, WET, CAUTION, OTHER = "clean", "wet", "caution", "other"
WET_FROM = 3
"""``TrackWetness`` from which a lap is a wet one: very lightly wet (irsdk_TrackWetness)."""
FEWEST_LAPS = 3


def fuel_laps(laps: pl.DataFrame) -> pl.DataFrame:
    """The fuel of each lap, as rows of ``racing.fuel_lap``.

    Args:
        laps: Laps of one session in order, as rows of ``racing.telemetry_lap``.
    """
    used, kilometres = pl.col("fuel_used_l"), pl.col("distance_m") / 1000
    # An electric car has no litres.
    measured = pl.coalesce(used, "energy_used_kwh").is_not_null()
    condition = (
        pl.when(pl.col("clean") & measured & (pl.col("track_wetness") >= WET_FROM))
        .then(pl.lit(WET))
        .when(pl.col("clean") & measured)
        .then(pl.lit(CLEAN))
        .when((pl.col("kind") == "timed") & (pl.col("reasons") == pl.lit(["caution"])))
        .then(pl.lit(CAUTION))
        .otherwise(pl.lit(OTHER))
    )
    table = laps.select(
        *LAP_KEY,
        condition.alias("condition"),
        "fuel_used_l",
        pl.when(kilometres > 0).then(used / kilometres).alias("fuel_per_km_l"),
        "fuel_added_l",
        "fuel_end_l",
        "energy_used_kwh",
        "energy_deployed_kwh",
        "energy_end_kwh",
    )
    return table.with_columns(_laps_left(table)).match_to_schema(FUEL_LAP.schema)


def _laps_left(table: pl.DataFrame) -> pl.Series:
    """By the median of the clean laps up to each lap; null until there are three.

    Litres, or the energy of a car that has none; the battery of a hybrid is charged as it drives.
    """
    burnt: list[float] = []
    left: list[float | None] = []
    litres = table.get_column("fuel_end_l").count() > 0
    names = ("fuel_used_l", "fuel_end_l") if litres else ("energy_used_kwh", "energy_end_kwh")
    rows = table.select("condition", *names).iter_rows()
    for condition, used, end in rows:
        if condition == CLEAN and used is not None:
            burnt.append(used)
        typical = float(np.median(burnt)) if len(burnt) >= FEWEST_LAPS else 0.0
        left.append(end / typical if typical > 0 and end is not None else None)
    return pl.Series("laps_left", left, pl.Float64)


@dataclass(frozen=True, slots=True)
class FuelUse:
    """Litres that a lap burns.

    Attributes:
        median_l: Half of the laps burnt less.
        p65_l: 65 % of the laps burnt less: what to plan with.
        p90_l: 90 % of the laps burnt less: what to plan with where another stop costs much.
        laps: Laps behind these.
    """

    median_l: float
    p65_l: float
    p90_l: float
    laps: int


def fuel_use(fuel: pl.DataFrame, condition: str = CLEAN) -> FuelUse | None:
    """Estimate the fuel of laps of one condition; None for fewer than three.

    Args:
        fuel: Rows of ``racing.fuel_lap`` of one car on one track.
        condition: ``clean``, ``wet`` or ``caution``.
    """
    used = fuel.filter(pl.col("condition") == condition).get_column("fuel_used_l").drop_nulls()
    if len(used) < FEWEST_LAPS:
        return None
    median, p65, p90 = np.percentile(used.to_numpy(), [50, 65, 90])
    return FuelUse(float(median), float(p65), float(p90), len(used))


@dataclass(frozen=True, slots=True)
class EnergyUse:
    """Battery energy of clean dry laps, in kWh: medians.

    Attributes:
        used_kwh: Energy lost by the battery; about 0 if a hybrid recovers as much as it deploys.
        deployed_kwh: Energy to the MGU-K; None without such a channel.
        laps: Laps behind these.
    """

    used_kwh: float
    deployed_kwh: float | None
    laps: int


def energy_use(fuel: pl.DataFrame) -> EnergyUse | None:
    """Compute the energy of clean dry laps; None for fewer than three, or without a battery.

    Args:
        fuel: Rows of ``racing.fuel_lap`` of one car on one track.
    """
    if "energy_used_kwh" not in fuel.columns:
        return None
    laps = fuel.filter(pl.col("condition") == CLEAN).drop_nulls("energy_used_kwh")
    if laps.height < FEWEST_LAPS:
        return None
    used, deployed = (
        laps.get_column(name).median() for name in ("energy_used_kwh", "energy_deployed_kwh")
    )
    return EnergyUse(
        float(used),  # type: ignore[arg-type]  # there are laps
        float(deployed) if isinstance(deployed, float) else None,
        laps.height,
    )


@dataclass(frozen=True, slots=True)
class RaceLaps:
    """Laps that are left in a race.

    Attributes:
        likely: Laps, if the pace stays as it is.
        most: Laps, if it gets as much faster as laps are spread: the lap more that catches people
            out. Equal to ``likely`` where the flag does not fall close to the line.
    """

    likely: int
    most: int


def laps_of_timed_race(
    remaining_s: float, lap_time_s: float, *, into_lap_s: float = 0.0, spread_s: float = 0.0
) -> RaceLaps:
    """Laps left to be completed in a race by the clock, the running one included.

    The race ends when the leader next crosses the line after the clock is out, so what counts is
    the leader's lap time; who is lapped does fewer laps.

    Args:
        remaining_s: Seconds on the clock.
        lap_time_s: Lap time of the leader.
        into_lap_s: Seconds since he last crossed the line.
        spread_s: Robust standard deviation of a lap time.

    Raises:
        ValueError: If the lap time is not positive.
    """
    if not lap_time_s > 0:
        raise ValueError("a race cannot be counted in laps that take no time")

    def laps(lap_time: float) -> int:
        return floor((max(remaining_s, 0.0) + into_lap_s) / lap_time) + 1

    likely = laps(lap_time_s)
    # The laps' errors add up like their squares; two of their standard deviations.
    gained = 2.0 * spread_s * likely**0.5
    return RaceLaps(likely, laps(max(lap_time_s - gained / likely, lap_time_s / 2)))


def fuel_needed(laps: float, per_lap_l: float, *, reserve_l: float = 0.0) -> float:
    """Litres for a number of laps, with a reserve that stays in the tank."""
    return laps * per_lap_l + reserve_l


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the saving ladder.

    Attributes:
        laps: Laps to make the fuel last.
        per_lap_l: What a lap may burn for that.
        saving: Share to save on the usual lap; below 0 where fuel is left over.
    """

    laps: int
    per_lap_l: float
    saving: float


def saving_ladder(
    level_l: float, per_lap_l: float, *, reserve_l: float = 0.0, most_saving: float = 0.2
) -> list[Rung]:
    """List the fuel saving that gives each number of more laps, up to the largest drivable saving.

    Args:
        level_l: Fuel on board.
        per_lap_l: Usual fuel per lap.
        reserve_l: Fuel that stays in the tank.
        most_saving: The largest share that is worth listing.
    """
    usable = max(level_l - reserve_l, 0.0)
    if not per_lap_l > 0 or not usable > 0:
        return []
    first, rungs = max(floor(usable / per_lap_l), 1), []
    for laps in range(first, ceil(usable / per_lap_l / (1 - most_saving)) + 1):
        saving = 1 - usable / laps / per_lap_l
        if saving <= most_saving:
            rungs.append(Rung(laps, usable / laps, saving))
    return rungs
