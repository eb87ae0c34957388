"""SI in the file, the reader's units on the screen."""

import pytest

from iracing_pipeline.page.units import QUANTITIES, UNKNOWN, amount


@pytest.mark.parametrize(
    ("quantity", "value", "metric", "imperial"),
    [
        ("speed", 100 / 3.6, 100.0, 62.137),
        ("temperature", 20.0, 20.0, 68.0),
        ("volume", 3.785411784, 3.785, 1.0),
        ("pressure", 6.894757, 6.895, 1.0),
        ("distance", 0.3048, 0.305, 1.0),
        ("length", 1609.344, 1.609, 1.0),
    ],
)
def test_conversion(quantity: str, value: float, metric: float, imperial: float) -> None:
    units = QUANTITIES[quantity]

    assert units.metric.of(value) == pytest.approx(metric, abs=1e-3)
    assert units.imperial.of(value) == pytest.approx(imperial, abs=1e-3)


def test_an_amount_carries_its_si() -> None:
    html = amount(10.0, "speed", 1)

    assert 'data-si="10"' in html
    assert "36.0\u202fkm/h" in html


def test_what_is_unknown_is_no_number() -> None:
    assert amount(None, "speed", 1) == UNKNOWN
