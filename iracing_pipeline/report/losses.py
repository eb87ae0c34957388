"""Time that a lap lost to another, corner by corner, as on the boards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class CornerLoss:
    """One corner of one lap against another.

    Its braking belongs to it, and the straight after it up to where the other lap was fastest.

    Attributes:
        corner: Its number; 0 for the way from the line to the first corner's braking.
        begins_m: Where it begins.
        lost_s: Time lost in it; below zero where it was gained. All of a lap add up to the
            difference of the lap times.
        brake_point_m: Where the brake was first on, of either lap; None where it was not.
        min_speed_mps: Lowest speed, of either lap.
    """

    corner: int
    begins_m: float
    lost_s: float
    brake_point_m: tuple[float | None, float | None]
    min_speed_mps: tuple[float, float]


def corner_losses(connection: Connection, lap: str, other: str) -> list[CornerLoss]:
    """Compare two laps of one track; empty where no map of its corners or no speed is known.

    Args:
        connection: Of a role that may read schema ``grafana``.
        lap: The lap, as ``grafana.lap_id`` names it.
        other: The lap that it is compared with.
    """
    rows = connection.execute(
        "SELECT corner, begins_m, loss_s, brake_point_m, reference_brake_point_m, min_speed_mps,"
        " reference_min_speed_mps FROM grafana.lap_corner_losses(%s, %s) ORDER BY begins_m",
        [other, lap],
    ).fetchall()
    if not any(corner for corner, *_ in rows) or any(None in row[-2:] for row in rows):
        return []
    return [
        CornerLoss(corner, begins, lost, (braked, other_braked), (slowest, other_slowest))
        for corner, begins, lost, braked, other_braked, slowest, other_slowest in rows
    ]
