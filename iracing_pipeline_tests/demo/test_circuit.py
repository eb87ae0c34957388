from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from iracing_pipeline.demo.circuit import Bend, Circuit, Straight
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK

if TYPE_CHECKING:
    from collections.abc import Callable

CIRCUITS = pytest.mark.parametrize("circuit", [HALDEN_RIDGE, MILLBROOK, COPPER_BASIN])


@CIRCUITS
def test_the_end_of_the_lap_meets_its_start(circuit: Circuit) -> None:
    east, north = circuit.position
    step = circuit.spacing_m
    last = math.hypot(east[-1] - east[0], north[-1] - north[0])
    assert last == pytest.approx(step, abs=0.02)
    assert abs(circuit.heading[-1] - circuit.heading[0]) == pytest.approx(2 * math.pi, abs=0.01)


@CIRCUITS
def test_nodes_lie_as_far_apart_as_they_say(circuit: Circuit) -> None:
    east, north = circuit.position
    gaps = np.hypot(np.diff(east), np.diff(north))
    assert gaps == pytest.approx(circuit.spacing_m, rel=0.01)
    assert circuit.nodes * circuit.spacing_m == pytest.approx(circuit.length_m)


@CIRCUITS
def test_heading_is_the_integral_of_curvature(circuit: Circuit) -> None:
    turned = np.diff(circuit.heading)
    assert turned == pytest.approx(circuit.curvature[:-1] * circuit.spacing_m, abs=0.02)


@CIRCUITS
def test_corners_follow_each_other_and_are_tightest_at_the_apex(circuit: Circuit) -> None:
    for corner, following in pairwise(circuit.corners):
        assert corner.end_m <= following.start_m
    for corner in circuit.corners:
        assert 0 < corner.start_m < corner.apex_m < corner.end_m < circuit.length_m
        inside = slice(circuit.node(corner.start_m), circuit.node(corner.end_m) + 1)
        bend = np.abs(circuit.curvature[inside])
        at_apex = abs(circuit.curvature[circuit.node(corner.apex_m)])
        assert at_apex == pytest.approx(bend.max(), rel=0.02)
        assert at_apex == pytest.approx(1 / corner.radius_m, rel=0.05)
        assert np.sign(circuit.curvature[circuit.node(corner.apex_m)]) == corner.direction


@CIRCUITS
def test_latitude_and_longitude_are_as_long_as_the_lap(circuit: Circuit) -> None:
    latitude, longitude = circuit.lat_lon(*circuit.position)
    north = np.radians(np.diff(latitude)) * 6_371_008.8
    east = np.radians(np.diff(longitude)) * 6_371_008.8 * np.cos(np.radians(latitude[:-1]))
    way = circuit.length_m - circuit.spacing_m
    assert np.hypot(north, east).sum() == pytest.approx(way, rel=0.001)


@CIRCUITS
def test_the_racing_line_stays_on_the_track_and_is_inside_at_the_apex(circuit: Circuit) -> None:
    assert np.abs(circuit.racing_line).max() <= circuit.width_m / 2
    for corner in circuit.corners:
        if corner.radius_m < 60:
            assert circuit.racing_line[circuit.node(corner.apex_m)] * corner.direction > 0


@CIRCUITS
def test_the_pit_lane_is_in_order(circuit: Circuit) -> None:
    pit, length = circuit.pit, circuit.length_m
    assert 0 < (pit.stall_m - pit.entry_m) % length < (pit.exit_m - pit.entry_m) % length
    assert pit.entry_m > max(c.end_m for c in circuit.corners if "Dogleg" not in c.name)


def with_segments(circuit: Circuit, change: Callable[[list[Straight | Bend]], None]) -> Circuit:
    segments = list(circuit.segments)
    change(segments)
    return Circuit(
        place=circuit.place,
        segments=tuple(segments),
        heading_deg=0.0,
        width_m=10.0,
        hills=(),
        pit=circuit.pit,
        sector_starts=(0.0,),
    )


def test_bends_that_do_not_turn_by_a_circle_are_refused() -> None:
    odd = with_segments(MILLBROOK, lambda s: s.append(Bend("Odd", 50.0, 10.0)))
    with pytest.raises(ValueError, match="turn by -350 degrees"):
        _ = odd.length_m


def test_a_circuit_that_cannot_close_is_refused() -> None:
    odd = with_segments(MILLBROOK, lambda s: s.insert(0, Straight(3000.0)))
    with pytest.raises(ValueError, match="free straights would need"):
        _ = odd.length_m
