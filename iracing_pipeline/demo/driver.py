"""The driver: how much of the grip he uses, corner by corner, lap by lap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.circuit import Circuit


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver's habits.

    Attributes:
        pace: Fraction of the possible corner speed that he carries once he knows the circuit.
        scatter: Standard deviation of that fraction from lap to lap.
        braking: Fraction of the brakes that he uses.
        braking_scatter: Its standard deviation.
        learning: What his pace lacks on his first lap.
        learning_laps: Laps after which that lack is down to 1/e.
        weak_corners: What his pace lacks always, by name of the corner.
    """

    pace: float = 0.982
    scatter: float = 0.0065
    braking: float = 0.90
    braking_scatter: float = 0.025
    learning: float = 0.030
    learning_laps: float = 3.5
    weak_corners: Mapping[str, float] = field(
        default_factory=lambda: {"Waldspitz": 0.030, "Bridge": 0.018, "Weir": 0.028, "Dip": 0.012}
    )


@dataclass(frozen=True, slots=True)
class Form:
    """Performance of a driver in each corner of each lap; shapes (laps, corners).

    Attributes:
        pace: Fraction of the possible corner speed.
        braking: Fraction of the brakes, towards the corner.
    """

    pace: Floats
    braking: Floats

    def at_nodes(self, circuit: Circuit) -> tuple[Floats, Floats]:
        """Pace and braking at each node of each lap; two of shape (laps, nodes).

        What a driver does about a corner he does from the end of the one before it.
        """
        ends = [circuit.node(corner.end_m) for corner in circuit.corners]
        ahead = np.searchsorted(ends, np.arange(circuit.nodes), side="left")
        after_the_last = ahead == len(ends)
        corner = np.where(after_the_last, 0, ahead)
        pace, braking = self.pace[:, corner], self.braking[:, corner]
        # Past the last corner the first one of the next lap lies ahead.
        pace[:-1, after_the_last] = self.pace[1:, [0]]
        braking[:-1, after_the_last] = self.braking[1:, [0]]
        return pace, braking


def average_form(driver: Driver, circuit: Circuit) -> Form:
    """A driver's form in one lap once he knows the circuit, without chance."""
    weakness = np.array([driver.weak_corners.get(c.name, 0.0) for c in circuit.corners])
    pace = driver.pace - weakness[None, :]
    return Form(np.clip(pace, 0.7, 1.0), np.full_like(pace, driver.braking))


def draw_form(
    driver: Driver,
    circuit: Circuit,
    laps: int,
    experience_laps: int,
    rng: np.random.Generator,
) -> Form:
    """Draw a driver's form for some laps.

    Args:
        driver: The driver.
        circuit: Where he drives.
        laps: How many laps.
        experience_laps: Laps that he has driven here before.
        rng: Random seed.
    """
    shape = (laps, len(circuit.corners))
    laps_driven = experience_laps + np.arange(laps)
    lack = driver.learning * np.exp(-laps_driven / driver.learning_laps)
    usual = average_form(driver, circuit)
    pace = usual.pace - lack[:, None] + driver.scatter * rng.standard_normal(shape)
    braking = usual.braking + driver.braking_scatter * rng.standard_normal(shape)
    return Form(np.clip(pace, 0.7, 1.0), np.clip(braking, 0.6, 1.0))
