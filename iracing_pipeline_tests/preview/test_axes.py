"""Axes: round ticks, written as the field writes its values."""

from typing import Any

import pytest

from iracing_pipeline.preview.frames import NUMBER, Field
from iracing_pipeline.preview.panels.axes import ticks


def written(low: float, high: float, **config: Any) -> list[str]:
    field = Field("value", NUMBER, [low, high], config=config)
    told: list[str] = ticks(field, low, high, 6)["ticktext"]
    return told


@pytest.mark.parametrize(
    ("config", "low", "high", "texts"),
    [
        ({"decimals": 0}, 1, 2, ["1", "2"]),
        ({"decimals": 0}, 0, 10, ["0", "2", "4", "6", "8", "10"]),
        ({"decimals": 0}, 0, 12, ["0", "2", "4", "6", "8", "10", "12"]),
        ({"decimals": 0}, 2.7, 3.3, ["3"]),
        ({"decimals": 0}, 3, 3, ["3"]),
        ({"decimals": 2, "unit": "suffix:L"}, 0.2599, 0.2701, ["0.26 L", "0.27 L"]),
        ({"decimals": 0, "unit": "percentunit"}, 0, 0.06, [f"{n}%" for n in range(7)]),
        ({"unit": "percentunit"}, 0, 1, ["0%", "20%", "40%", "60%", "80%", "100%"]),
        ({}, 0, 12.5, ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"]),
    ],
)
def test_no_two_ticks_are_written_alike(
    config: dict[str, Any], low: float, high: float, texts: list[str]
) -> None:
    assert written(low, high, **config) == texts


def test_decimals_that_fit_no_tick_give_way() -> None:
    texts = written(5.2, 5.7, decimals=0)

    assert texts == ["5.2", "5.3", "5.4", "5.5", "5.6", "5.7"]


def test_ticks_are_mapped_as_values_are() -> None:
    places = {str(-place): {"text": f"P{place}", "index": place} for place in range(1, 61)}

    texts = written(-22.0, -0.5, decimals=0, mappings=[{"type": "value", "options": places}])

    assert texts == ["P20", "P15", "P10", "P5"]
