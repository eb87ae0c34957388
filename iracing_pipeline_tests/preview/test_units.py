"""Numbers as Grafana writes them."""

import pytest

from iracing_pipeline.preview.units import known, written


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        # Shown by a Grafana server for these values and units.
        (95_123, "time:m:ss.SSS", None, "1:35.123"),
        (95.123, "s", None, "1.59 mins"),
        (95_123, "clockms", None, "01m:35s:123ms"),
        (213, "kmh", None, "213 kmh"),
        # By its rule of three significant digits.
        (53.218, "none", None, "53.2"),
        (5.3271, "none", None, "5.33"),
        (0.53271, "none", None, "0.533"),
        (532.71, "none", None, "533"),
        (3.0, "none", None, "3"),
        (3.0, "none", 2, "3.00"),
        (0.5249, "percentunit", 1, "52.5%"),
        (12.5, "celsius", 1, "12.5 °C"),
        (0.25, "suffix: s", 3, "0.250 s"),
        (1234, "short", None, "1.23 K"),
        (3725, "dthms", None, "01:02:05"),
        (2048, "bytes", None, "2 KiB"),
        (0.5, "s", None, "500 ms"),
        (2.5, "litre", 2, "2.50 L"),
        (1, "bool_yes_no", None, "Yes"),
        (0, "dateTimeAsIso", None, "1970-01-01 00:00:00"),
    ],
)
def test_numbers(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert written(value, unit, decimals) == text


def test_nothing_is_written_for_nothing() -> None:
    assert written(None, "s") == ""
    assert written(float("nan"), "s") == ""


def test_units_that_grafana_would_not_know_are_told() -> None:
    assert known("velocitykmh")
    assert known("suffix: s")
    assert not known("kmh")
