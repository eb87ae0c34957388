"""Car setups as in the session info."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.session_text import Tree

_CORNERS = ("LeftFront", "RightFront", "LeftRear", "RightRear")


def setup(car: Car, fuel_l: float, name: str) -> Tree:
    """The CarSetup section: setups of another name have other bars and brakes.

    What was set has no effect on the simulated car.
    """
    return {"UpdateCount": 1, "Tires": _tires(car), "Chassis": _chassis(car, fuel_l, name)}


def _tires(car: Car) -> Tree:
    return {
        corner: {
            "ColdPressure": f"{cold:.0f} kPa",
            "LastHotPressure": f"{cold:.0f} kPa",
            f"LastTemps{'OMI' if corner.startswith('Left') else 'IMO'}": "44C, 44C, 44C",
            "TreadRemaining": "100%, 100%, 100%",
        }
        for corner, cold in zip(_CORNERS, car.tyre.cold_kpa, strict=True)
    }


def _chassis(car: Car, fuel_l: float, name: str) -> Tree:
    choice = zlib.crc32(name.encode())
    front, rear = car.ride_height_m
    weight = car.mass_kg * 9.80665 / 4
    sides: dict[str, Tree] = {}
    for corner in _CORNERS:
        at_front = corner.endswith("Front")
        sides[corner] = {
            "CornerWeight": f"{weight * (0.94 if at_front else 1.06):.0f} N",
            "RideHeight": f"{(front if at_front else rear) * 1000:.1f} mm",
            "SpringRate": f"{170 if at_front else 155} N/mm",
            "Camber": "-3.2 deg" if at_front else "-2.4 deg",
            "ToeIn": "-1.2 mm" if at_front else "+0.6 mm",
        }
    tree: dict[str, Tree] = {
        "Front": {
            "ArbSetting": f"{3 + choice % 3}",
            "BrakePressureBias": f"{car.brake_bias_pct + choice // 3 % 5 * 0.5 - 1.0:.1f}%",
            "CrossWeight": "50.0%" if car.tyre.cold_kpa[0] == car.tyre.cold_kpa[1] else "54.6%",
        },
        **sides,
        "Rear": {"FuelLevel": f"{fuel_l:.1f} L", "ArbSetting": f"{1 + choice // 15 % 3}"},
    }
    if car.has_abs:
        tree["InCarDials"] = {
            "TractionControlSetting": "4 (TC)",
            "AbsSetting": "6 (ABS)",
            "DisplayPage": "Race: fuel",
        }
    return tree
