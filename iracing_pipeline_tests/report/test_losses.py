"""Time that a lap lost to another, corner by corner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from iracing_pipeline.report.losses import CornerLoss, corner_losses
from iracing_pipeline.tables.corners import CORNER_MAP
from iracing_pipeline.tables.traces import REFERENCE_LAP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from iracing_pipeline.warehouse.connection import Connection

TRACK, LENGTH, INTERVALS = 7, 1000.0, 200
DISTANCE = np.linspace(0.0, LENGTH, INTERVALS + 1)
CORNERS = [(1, 250.0, 350.0), (2, 650.0, 750.0)]
Lap = dict[str, "NDArray[np.float64]"]


def lap(*, slow_in_two: float = 0.0, brakes_at_m: float = 600.0) -> Lap:
    """A lap at 50 m/s that slows down to 25 m/s in two corners."""
    speed = np.full_like(DISTANCE, 50.0)
    speed[(DISTANCE >= 250) & (DISTANCE <= 350)] = 25.0
    speed[(brakes_at_m < DISTANCE) & (DISTANCE < 650)] = 40.0
    speed[(DISTANCE >= 650) & (DISTANCE <= 750)] = 25.0 - slow_in_two
    steps = np.diff(DISTANCE) / ((speed[1:] + speed[:-1]) / 2)
    return {
        "elapsed_s": np.concatenate(([0.0], np.cumsum(steps))),
        "speed_mps": speed,
        "brake": ((brakes_at_m <= DISTANCE) & (DISTANCE <= 680)).astype(np.float64),
    }


def blind() -> Lap:
    """A lap of a file without speed."""
    return {name: values for name, values in lap().items() if name != "speed_mps"}


def stored(connection: Connection, key: str, driven: Lap) -> str:
    """A lap in the database; its name."""
    _insert(
        connection,
        REFERENCE_LAP.name,
        {
            "reference_key": key,
            "source": "ibt",
            "file_name": f"{key}.ibt",
            "track_id": TRACK,
            "length_m": LENGTH,
            "interval_count": INTERVALS,
            "lap_time_s": float(driven["elapsed_s"][-1]),
            "lap_time_method": "clock",
            "closure_s": 0.0,
            **{name: values.tolist() for name, values in driven.items()},
        },
    )
    return f"reference:{key}"


def corner_map(connection: Connection) -> None:
    for number, start, end in CORNERS:
        middle = (start + end) / 2
        places = {
            f"{name}_{unit}": at / length
            for name, at in (("start", start), ("apex", middle), ("end", end))
            for unit, length in (("m", 1.0), ("pct", LENGTH))
        }
        _insert(
            connection,
            CORNER_MAP.name,
            {
                "track_id": TRACK,
                "version": 1,
                "corner": number,
                **places,
                "direction": "left",
                "turn_rad": 1.0,
                "radius_m": 50.0,
                "lap_count": 3,
                "clean": True,
                "session_key": "made up",
            },
        )


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})".encode(),
        list(row.values()),
    )


def compared(connection: Connection, mine: Lap, other: Lap) -> list[CornerLoss]:
    corner_map(connection)
    return corner_losses(
        connection, stored(connection, "mine", mine), stored(connection, "other", other)
    )


def test_losses_add_up_to_the_lap_times(connection: Connection) -> None:
    mine, other = lap(slow_in_two=5.0), lap()

    lost = compared(connection, mine, other)

    assert sum(each.lost_s for each in lost) == pytest.approx(
        mine["elapsed_s"][-1] - other["elapsed_s"][-1]
    )


def test_the_loss_is_where_it_was_made(connection: Connection) -> None:
    start, one, two = compared(connection, lap(slow_in_two=5.0), lap())

    assert (start.corner, one.corner, two.corner) == (0, 1, 2)
    assert start.lost_s == pytest.approx(0.0)
    assert one.lost_s == pytest.approx(0.0)
    assert two.lost_s == pytest.approx(100 / 20 - 100 / 25, rel=0.06)
    assert two.min_speed_mps == (20.0, 25.0)


@pytest.mark.parametrize("brakes_at_m", [560.0, 600.0, 620.0])
def test_the_braking_belongs_to_its_corner(connection: Connection, brakes_at_m: float) -> None:
    *_, two = compared(connection, lap(brakes_at_m=brakes_at_m), lap())

    assert two.begins_m == 600.0  # where the other lap was fastest for the last time
    assert two.brake_point_m == (brakes_at_m, 600.0)


def test_a_corner_ends_where_the_next_begins(connection: Connection) -> None:
    mine, other = lap(brakes_at_m=560.0), lap()

    *_, one, _ = compared(connection, mine, other)

    behind = mine["elapsed_s"] - other["elapsed_s"]
    assert one.lost_s == pytest.approx(float(behind[DISTANCE == 600.0][0]))
    assert one.brake_point_m == (560.0, None)


def test_without_speed_or_corners_nothing_is_told(connection: Connection) -> None:
    assert compared(connection, blind(), lap()) == []
    connection.execute("DELETE FROM racing.corner_map")

    assert corner_losses(connection, "reference:other", "reference:other") == []
