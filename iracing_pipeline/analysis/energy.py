"""Kind of drive of a car, and energy of its battery per lap.

A hybrid writes ``EnergyERSBattery`` and ``EnergyBatteryToMGU_KLap`` in joules beside its litres.
An electric car has no litres: iRacing writes its battery into ``FuelLevel`` and ``FuelLevelPct``,
of a capacity of ``DriverCarFuelMaxKWh``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis.evidence import restored, settled
from iracing_pipeline.analysis.samples import flags_of, floats_of
from iracing_pipeline.ibt.session_info import quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.samples import Floats

FUEL, HYBRID, ELECTRIC = "fuel", "hybrid", "electric"

BATTERY, BATTERY_SHARE = "EnergyERSBattery", "EnergyERSBatteryPct"
DEPLOYED = "EnergyBatteryToMGU_KLap"
LEVEL, LEVEL_SHARE = "FuelLevel", "FuelLevelPct"

CHANNELS = (BATTERY, BATTERY_SHARE, DEPLOYED, LEVEL, LEVEL_SHARE, "OnPitRoad")
"""The channels that are read here, where the file has them."""

_J_PER_KWH = 3.6e6
_CHARGED_KWH = 1e-3  # a record, on pit road; less is the float's last bit
_STEP_KWH = 0.02  # a record: 4 MW
_LEAST_SHARE = 0.05  # of the battery, to divide by
_LITRES = ("fuel_start_l", "fuel_end_l", "fuel_added_l", "fuel_used_l")


@dataclass(frozen=True, slots=True)
class Power:
    """Kind of drive of a car.

    Attributes:
        source: ``fuel``, ``hybrid`` or ``electric``.
        capacity_kwh: Capacity of the battery; None without a battery, or if unknown.
    """

    source: str = FUEL
    capacity_kwh: float | None = None


def power(driver_info: Mapping[str, Any], records: pl.DataFrame) -> Power:
    """Return the kind of drive of the car of a recording.

    Args:
        driver_info: ``DriverInfo`` of the session info.
        records: Its records, with those of :data:`CHANNELS` that it has.
    """
    largest = quantity(driver_info.get("DriverCarFuelMaxKWh"))
    share = quantity(driver_info.get("DriverCarMaxFuelPct"))
    stated = largest * (1.0 if share is None else share) if largest and largest > 0 else None
    if driver_info.get("DriverCarIsElectric") == 1:
        return Power(ELECTRIC, stated)
    battery = floats_of(records, BATTERY)
    if battery is None:
        return Power()
    shown = floats_of(records, BATTERY_SHARE)
    if stated is None and shown is not None and (usable := shown > _LEAST_SHARE).any():
        with np.errstate(over="ignore", invalid="ignore"):
            stated = _finite(float(np.median(battery[usable] / shown[usable])) / _J_PER_KWH)
        stated = stated if stated is not None and stated > 0 else None
    return Power(HYBRID, stated)


def lap_energy(records: pl.DataFrame, laps: pl.DataFrame, car: Power) -> pl.DataFrame:
    """Laps with the columns ``energy_*_kwh``, and without litres where the car burns none.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        car: What the car runs on.
    """
    if car.source == FUEL or laps.is_empty():
        return laps
    if car.source == ELECTRIC:
        laps = laps.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _LITRES)
    pit_road = flags_of(records, "OnPitRoad")
    pits = None if pit_road is None else settled(pit_road)
    # Damaged files hold numbers that overflow; what comes of them is null.
    with np.errstate(over="ignore", invalid="ignore"):
        level = _without_lies(_level_kwh(records, car), _STEP_KWH)
        deployed = _without_lies(floats_of(records, DEPLOYED), _STEP_KWH * _J_PER_KWH)
        rows = [
            _lap(level, deployed, pits, slice(first, first + count))
            for first, count in laps.select("first_record", "record_count").iter_rows()
        ]
    return laps.with_columns(pl.DataFrame(rows, schema=_SCHEMA, orient="row"))


def _without_lies(values: Floats | None, limit: float) -> Floats | None:
    return None if values is None else restored(values, limit)


_SCHEMA = dict.fromkeys(
    ("energy_start_kwh", "energy_end_kwh", "energy_used_kwh", "energy_deployed_kwh"), pl.Float64
)


def _level_kwh(records: pl.DataFrame, car: Power) -> Floats | None:
    """Energy in the battery, one value a record."""
    if car.source == HYBRID:
        joules = floats_of(records, BATTERY)
        return None if joules is None else joules / _J_PER_KWH
    share = floats_of(records, LEVEL_SHARE)
    if share is not None and car.capacity_kwh is not None:
        return share * car.capacity_kwh
    return floats_of(records, LEVEL)  # in kWh where the car has no litres


def _lap(
    level: Floats | None,
    deployed: Floats | None,
    pits: np.ndarray[Any, Any] | None,
    rows: slice,
) -> tuple[float | None, float | None, float | None, float | None]:
    start = end = used = None
    if level is not None:
        start, end = _finite(float(level[rows][0])), _finite(float(level[rows][-1]))
        # What is put in while standing in the pits is no part of what the lap took.
        charged = (
            pits is not None
            and ((np.diff(level[rows]) > _CHARGED_KWH) & pits[rows].astype(bool)[1:]).any()
        )
        used = None if start is None or end is None or charged else start - end
    return start, end, used, _deployed_kwh(deployed, rows)


def _deployed_kwh(deployed: Floats | None, rows: slice) -> float | None:
    """The count restarts at the line; a record may still show the lap before."""
    if deployed is None:
        return None
    rises = np.diff(deployed[rows])
    count = deployed[rows][-1] if not (rises < 0).any() else rises[rises > 0].sum()
    return _finite(float(count) / _J_PER_KWH)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
