"""One altered byte changes the figures that depend on it, and no other."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import telemetry
from iracing_pipeline.ingest.lap_analysis import Kept, analyse_laps
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP
from iracing_pipeline.why import again
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from iracing_pipeline.tables import Table

BYTES = 200
TABLES = (TELEMETRY_LAP, LAP_SECTOR, FUEL_LAP)
AROUND = 150
"""Records around a lap that it depends on: those that show its official time come after it."""
ROUNDING = 1e-9
"""Sums over a recording round differently after a change; that is no change of a figure."""

_FUEL = {"fuel_start_l", "fuel_end_l", "fuel_added_l", "fuel_used_l", "fuel_per_km_l", "laps_left"}
_VERDICT = {"reasons", "clean", "condition"}
DEPENDENT: dict[str, set[str]] = {
    "FuelLevel": _FUEL,
    "AirTemp": {"air_temp_c"},
    "TrackTempCrew": {"track_temp_c"},
    "TrackWetness": {"track_wetness", "condition", "laps_left"},
    "PlayerCarPosition": {"position"},
    "SessionTick": {"missed_records"},
    "PlayerCarMyIncidentCount": {"incidents", "laps_left", *_VERDICT},
    "Speed": {"distance_m", "max_speed_mps", "fuel_per_km_l", "laps_left", *_VERDICT},
    "SessionFlags": {"laps_left", *_VERDICT},
    "SteeringWheelTorque_ST": set(),
}
"""Columns that depend on a channel alone; laps and their times depend on the others together."""


def figures(source: telemetry.Source, track: Kept) -> dict[Table, dict[tuple[Any, ...], Any]]:
    result = telemetry.analyse(source)
    tables: dict[Table, pl.DataFrame] = analyse_laps(result, track).tables
    tables[TELEMETRY_LAP] = result.laps
    return {
        table: {tuple(row[k] for k in table.key): row for row in tables[table].rows(named=True)}
        for table in TABLES
    }


def differs(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return not again.same(one, other)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mutation") / "drive.ibt"
    recordings.write(path, recordings.drive((20.0, 21.0, 20.5), hz=20.0))
    return path


def test_one_altered_byte_changes_exactly_the_dependent_figures(
    recording: Path, tmp_path: Path
) -> None:
    chance = random.Random(11)  # noqa: S311 - no secret
    whole = bytearray(recording.read_bytes())
    file = IbtFile(recording)
    width = sum(channel.size for channel in recordings.CHANNELS)
    begin = len(whole) - width * file.record_count
    expected = analyse_laps(telemetry.analyse(file))
    track = Kept(grid=expected.grid, corners=expected.corners)
    before = figures(file, track)
    assert figures(IbtFile(recording), track) == before, "the same bytes give the same figures"
    changed_something = 0
    for _ in range(BYTES):
        channel = chance.choice(recordings.CHANNELS)
        record = chance.randrange(1, file.record_count)
        at = begin + record * width + channel.offset + chance.randrange(channel.size)
        altered = tmp_path / recording.name
        mutated = whole.copy()
        mutated[at] ^= 1 << chance.randrange(8)
        altered.write_bytes(mutated)
        after = figures(IbtFile(altered), track)
        changed_something += after != before
        check(before, after, channel.name, record)
    assert changed_something > BYTES // 20


def check(before: Any, after: Any, channel: str, record: int) -> None:
    laps = before[TELEMETRY_LAP]
    near = {
        key
        for key, lap in laps.items()
        if lap["first_record"] - AROUND
        <= record
        <= lap["first_record"] + lap["record_count"] + AROUND
    }
    allowed = DEPENDENT.get(channel)
    for table in TABLES:
        assert before[table].keys() == after[table].keys(), f"{channel} at {record}: other laps"
        for key, row in before[table].items():
            changed = {n for n, value in row.items() if differs(value, after[table][key][n])}
            if table is FUEL_LAP:  # by the median of the laps so far
                changed -= {"laps_left"} if key not in near else set()
            where = f"{channel} at record {record}: {table.name} {key} {changed}"
            assert not changed or key[:3] in near, where
            assert allowed is None or changed <= allowed, where
