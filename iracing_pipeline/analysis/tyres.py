"""Sets of tyres: when each was on the car, what was measured of it, and how warm it ran.

Surface temperatures and pressures are alive. Carcass temperature, tread and cold pressure stand
still while the car drives: iRacing renews them in the pit stall and on a reset, so here they are
facts of a set, read when it came off, and never of a lap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.evidence import restored, settled
from iracing_pipeline.analysis.samples import Flags, Floats, Integers, Samples, floats_of
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.tables.stints import TYRE_LAP, TYRE_SET, WHEELS

if TYPE_CHECKING:
    from typing import Any

_THIRDS = "LMR"
_WHEEL_CHANNELS = (
    "coldPressure",
    "pressure",
    "odometer",
    *(f"{kind}{third}" for kind in ("wear", "tempC", "temp") for third in _THIRDS),
)

CHANNELS = (
    "TireSetsUsed",
    *(f"{wheel.upper()}{name}" for wheel in WHEELS for name in _WHEEL_CHANNELS),
)
"""The channels that are read here, where the file has them."""

_COMPLETE = ("timed", "start", "out", "in", "pit", "cooldown")
_REFITTED = ("reset", "tow")
_WHOLE = 0.001  # tread that is back is another tyre's
_WOUND_BACK_M = 10.0
_DRIVEN_M = 100.0


@dataclass(frozen=True)
class TyreSets:
    """Which set was on the car, for each record of a file; numbered from 1."""

    at: Integers

    def span(self, number: int) -> tuple[int, int]:
        """First record of a set, and the one after its last."""
        rows = np.flatnonzero(self.at == number)
        return int(rows[0]), int(rows[-1]) + 1

    @property
    def numbers(self) -> list[int]:
        """All sets, in order."""
        return [int(number) for number in np.unique(self.at)]


def tyre_sets(records: pl.DataFrame, samples: Samples, laps: pl.DataFrame) -> TyreSets:
    """Number the sets.

    A new set is on the car after a reset or a tow, when ``TireSetsUsed`` rises, when the odometer
    of a tyre goes back, or when there is more tread than before; each only where it lasts.
    """
    changed = np.zeros(len(samples.time), np.bool_)
    ended = laps.filter(pl.col("ends_at").is_in(_REFITTED))
    for first, count in ended.select("first_record", "record_count").iter_rows():
        changed[min(first + count, len(changed) - 1)] = True
    # Records in which the car is not in the world show nothing of its tyres.
    here = np.flatnonzero(~np.asarray(samples.glitch))
    used = _steady(records, "TireSetsUsed")
    if used is not None:
        changed[here[1:]] |= np.diff(used[here]) > 0
    for wheel in WHEELS:
        odometer = floats_of(records, f"{wheel.upper()}odometer")
        if odometer is not None:
            driven = restored(odometer[here], _WOUND_BACK_M)
            changed[here[1:]] |= np.diff(driven) < -_WOUND_BACK_M
        for third in _THIRDS:
            tread = _steady(records, f"{wheel.upper()}wear{third}")
            if tread is not None:
                changed[here[1:]] |= np.diff(tread[here]) > _WHOLE
    return TyreSets(1 + np.cumsum(_once(changed, samples)))


def _steady(records: pl.DataFrame, name: str) -> Floats | None:
    """A channel that stands still while the car drives, without wrong records."""
    values = floats_of(records, name)
    return None if values is None else settled(values)


def _once(changed: Flags, samples: Samples) -> Flags:
    """Signs of a change with no driving between them, or since the beginning, are one."""
    kept = np.zeros_like(changed)
    driven = _odometer(samples)
    last = 0.0
    for row in np.flatnonzero(changed):
        kept[row] = driven[row] - last > _DRIVEN_M
        last = driven[row]
    return kept


def _odometer(samples: Samples) -> Floats:
    """Metres driven since the beginning of the file, for each record."""
    if samples.speed is None:
        return np.arange(len(samples.time), dtype=np.float64)
    steps = np.clip(np.diff(samples.time), 0, 1) * samples.speed[1:]
    return np.concatenate(([0.0], np.cumsum(steps)))


def tyre_set_table(
    records: pl.DataFrame, samples: Samples, laps: pl.DataFrame, sets: TyreSets
) -> pl.DataFrame:
    """One row a set, as rows of ``racing.tyre_set``."""
    if laps.is_empty():
        return TYRE_SET.frame()
    driven = _odometer(samples)
    measured = _measurements(records)
    cold = {wheel: _steady(records, f"{wheel.upper()}coldPressure") for wheel in WHEELS}
    rows = []
    key = laps.get_column("session_key")[0]
    ends = (laps.get_column("first_record") + laps.get_column("record_count") - 1).to_numpy()
    stints = laps.get_column("stint").to_numpy()
    complete = laps.get_column("kind").is_in(_COMPLETE).to_numpy()
    for number in sets.numbers:
        first, after = sets.span(number)
        on_it = np.flatnonzero((ends >= first) & (ends < after))
        if not len(on_it) and driven[after - 1] - driven[first] < _DRIVEN_M:
            continue
        stint = stints[on_it[0]] if len(on_it) else stints[np.searchsorted(ends, first)]
        rows.append(
            {
                "session_key": key,
                "tyre_set": number,
                "first_stint": int(stint),
                "fitted_session_time_s": float(samples.time[first]),
                "removed_session_time_s": float(samples.time[after - 1]),
                "lap_count": int(complete[on_it].sum()),
                "distance_m": float(driven[after - 1] - driven[first])
                if samples.speed is not None
                else None,
                **{
                    f"{wheel}_cold_pressure_kpa": None if each is None else float(each[after - 1])
                    for wheel, each in cold.items()
                },
                **_measured(records, samples, driven, measured, (first, after)),
            }
        )
    return TYRE_SET.frame(rows)


def tyre_laps(records: pl.DataFrame, laps: pl.DataFrame, sets: TyreSets) -> pl.DataFrame:
    """Means over each lap that was driven from line to line, as rows of ``racing.tyre_lap``."""
    timed = laps.filter(pl.col("lap_time_s").is_not_null())
    if timed.is_empty():
        return TYRE_LAP.frame()
    firsts = timed.get_column("first_record").to_numpy()
    lasts = firsts + timed.get_column("record_count").to_numpy() - 1
    on = sets.at[lasts]
    ends = (laps.get_column("first_record") + laps.get_column("record_count") - 1).to_numpy()
    done = np.array(
        [
            ((ends < last) & (sets.at[ends] == number)).sum()
            for last, number in zip(lasts, on, strict=True)
        ]
    )
    columns = []
    for wheel in WHEELS:
        for third in _THIRDS:
            name = f"{wheel}_temp_{third.lower()}_c"
            columns.append(_means(records, f"{wheel.upper()}temp{third}", name, firsts, lasts))
        pressure = f"{wheel}_pressure_kpa"
        columns.append(_means(records, f"{wheel.upper()}pressure", pressure, firsts, lasts))
    return timed.select(
        *LAP_KEY,
        pl.Series("tyre_set", on, pl.Int32),
        pl.Series("set_lap", done, pl.Int32),
        *columns,
    ).select(TYRE_LAP.names)


def _means(
    records: pl.DataFrame, channel: str, name: str, firsts: Integers, lasts: Integers
) -> pl.Series:
    values = floats_of(records, channel)
    if values is None:
        return pl.Series(name, [None] * len(firsts), pl.Float64)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    means = (sums[lasts + 1] - sums[firsts]) / (lasts + 1 - firsts)
    return pl.Series(name, means, pl.Float64).fill_nan(None)


def _measurements(records: pl.DataFrame) -> Integers:
    """Records in which carcass temperature or tread was renewed."""
    renewed = np.zeros(records.height, np.bool_)
    for wheel in WHEELS:
        for kind in ("wear", "tempC"):
            for third in _THIRDS:
                values = _steady(records, f"{wheel.upper()}{kind}{third}")
                if values is not None:
                    renewed[1:] |= np.diff(values) != 0
    return np.flatnonzero(renewed)


def _measured(
    records: pl.DataFrame,
    samples: Samples,
    driven: Floats,
    measured: Integers,
    span: tuple[int, int],
) -> dict[str, Any]:
    """Return the last measurement while the set was on, if it had been driven by then."""
    first, after = span
    within = measured[(measured > first) & (measured < after)]
    within = within[driven[within] - driven[first] > _DRIVEN_M]
    if not len(within) or samples.speed is None:
        return {}
    row = int(within[-1])
    figures: dict[str, Any] = {
        "measured_session_time_s": float(samples.time[row]),
        "measured_distance_m": float(driven[row] - driven[first]),
    }
    for wheel in WHEELS:
        for kind, name in (("wear", "tread"), ("tempC", "carcass_c")):
            thirds = [_steady(records, f"{wheel.upper()}{kind}{third}") for third in _THIRDS]
            values = [float(each[row]) for each in thirds if each is not None]
            figures[f"{wheel}_{name}"] = values if len(values) == len(_THIRDS) else None
    return figures
