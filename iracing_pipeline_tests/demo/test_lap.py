from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from iracing_pipeline.demo.car import (
    CORVANE_GT3,
    FORMULA_VALE,
    GRAVITY,
    TRIPLE_CROWN_STOCK,
    Car,
)
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.lap import elapsed, reference_lap

if TYPE_CHECKING:
    from iracing_pipeline.demo.circuit import Circuit

PAIRS = pytest.mark.parametrize(
    ("car", "circuit", "seconds"),
    [
        (CORVANE_GT3, HALDEN_RIDGE, (90.0, 110.0)),
        (FORMULA_VALE, MILLBROOK, (50.0, 62.0)),
        (TRIPLE_CROWN_STOCK, COPPER_BASIN, (20.0, 30.0)),
    ],
)


@PAIRS
def test_laps_take_about_as_long_as_a_racer_expects(
    car: Car, circuit: Circuit, seconds: tuple[float, float]
) -> None:
    assert seconds[0] < reference_lap(car, circuit).time_s < seconds[1]


@PAIRS
def test_no_corner_takes_more_than_the_grip(
    car: Car, circuit: Circuit, seconds: tuple[float, float]
) -> None:
    del seconds
    speed = reference_lap(car, circuit).speed[:-1]
    pull = speed**2 * np.abs(circuit.curvature)
    pressed = GRAVITY * np.cos(circuit.bank) + pull * np.sin(circuit.bank)
    held = pull * np.cos(circuit.bank) - GRAVITY * np.sin(circuit.bank)
    aero = car.downforce * speed**2 / car.mass_kg
    assert np.all(held <= car.grip * (pressed + aero) + 1e-6)
    assert np.max(held / (car.grip * (pressed + aero))) > 0.9


@PAIRS
def test_no_straight_takes_more_than_the_power(
    car: Car, circuit: Circuit, seconds: tuple[float, float]
) -> None:
    del seconds
    lap = reference_lap(car, circuit)
    middle = (lap.speed[1:] + lap.speed[:-1]) / 2
    gain = np.diff(lap.speed**2) / (2 * circuit.spacing_m)
    mass = car.mass_kg + 20.0 * 0.75
    force = mass * (gain + GRAVITY * (circuit.grade + car.rolling)) + car.drag * middle**2
    assert np.max(force * middle) <= car.engine.power_w * 1.03
    assert np.max(force * middle) > car.engine.power_w * 0.95


@PAIRS
def test_fuel_and_worn_tyres_cost_time(
    car: Car, circuit: Circuit, seconds: tuple[float, float]
) -> None:
    del seconds
    base = reference_lap(car, circuit).time_s
    assert reference_lap(car, circuit, fuel_l=40.0).time_s > base + 0.02
    assert reference_lap(car, circuit, grip=0.98).time_s > base + 0.1


def test_elapsed_is_exact_at_constant_acceleration() -> None:
    # From rest at 2 m/s^2: v = sqrt(2 a s), t = v / a.
    metres = np.arange(0.0, 90.0, 3.0)
    speed = np.sqrt(2 * 2.0 * metres)
    assert elapsed(speed, 3.0) == pytest.approx(speed / 2.0)
