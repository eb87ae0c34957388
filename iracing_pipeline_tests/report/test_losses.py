"""What a lap lost to another, corner by corner."""

import numpy as np
import pytest

from iracing_pipeline.report.losses import Trace, corner_losses

DISTANCE = np.linspace(0.0, 1000.0, 201)
CORNERS = [(1, 250.0, 350.0), (2, 650.0, 750.0)]


def lap(*, slow_in_two: float = 0.0, brakes_at_m: float = 600.0) -> Trace:
    """A lap at 50 m/s that slows down to 25 m/s in two corners."""
    speed = np.full_like(DISTANCE, 50.0)
    speed[(DISTANCE >= 250) & (DISTANCE <= 350)] = 25.0
    speed[(brakes_at_m < DISTANCE) & (DISTANCE < 650)] = 40.0
    speed[(DISTANCE >= 650) & (DISTANCE <= 750)] = 25.0 - slow_in_two
    steps = np.diff(DISTANCE) / ((speed[1:] + speed[:-1]) / 2)
    brake = ((brakes_at_m <= DISTANCE) & (DISTANCE <= 680)).astype(np.float64)
    return {
        "distance_m": DISTANCE,
        "elapsed_s": np.concatenate(([0.0], np.cumsum(steps))),
        "speed_mps": speed,
        "brake": brake,
    }


def test_losses_add_up_to_the_lap_times() -> None:
    mine, other = lap(slow_in_two=5.0), lap()

    lost = corner_losses(mine, other, CORNERS)

    assert sum(each.lost_s for each in lost) == pytest.approx(
        mine["elapsed_s"][-1] - other["elapsed_s"][-1]
    )


def test_the_loss_is_where_it_was_made() -> None:
    start, one, two = corner_losses(lap(slow_in_two=5.0), lap(), CORNERS)

    assert (start.corner, one.corner, two.corner) == (0, 1, 2)
    assert start.lost_s == pytest.approx(0.0)
    assert one.lost_s == pytest.approx(0.0)
    assert two.lost_s == pytest.approx(100 / 20 - 100 / 25, rel=0.06)
    assert two.min_speed_mps == (20.0, 25.0)


def test_the_braking_belongs_to_its_corner() -> None:
    *_, two = corner_losses(lap(brakes_at_m=590.0), lap(), CORNERS)

    assert two.brake_point_m == (590.0, 600.0)


def test_without_speed_or_corners_nothing_is_told() -> None:
    blind = {name: values for name, values in lap().items() if name != "speed_mps"}

    assert corner_losses(blind, lap(), CORNERS) == []
    assert corner_losses(lap(), lap(), []) == []
