"""Units that a reader may choose between: SI in the file, theirs on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, by what turns SI into it: ``SI x factor + offset``."""

    symbol: str
    factor: float = 1.0
    offset: float = 0.0

    def of(self, value: float) -> float:
        """An SI value in this unit."""
        return value * self.factor + self.offset


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with a unit in both systems."""

    metric: Unit
    imperial: Unit


UNKNOWN = '<span class="unknown">\u2013</span>'
"""Text for an unknown value."""

_LITRE_PER_GALLON = 3.785411784

QUANTITIES: dict[str, Quantity] = {
    "speed": Quantity(Unit("km/h", 3.6), Unit("mph", 3600 / 1609.344)),
    "distance": Quantity(Unit("m"), Unit("ft", 1 / 0.3048)),
    "length": Quantity(Unit("km", 0.001), Unit("mi", 1 / 1609.344)),
    "temperature": Quantity(Unit("°C"), Unit("°F", 1.8, 32.0)),
    "volume": Quantity(Unit("l"), Unit("gal", 1 / _LITRE_PER_GALLON)),
    "energy": Quantity(Unit("kWh"), Unit("kWh")),
    "pressure": Quantity(Unit("kPa"), Unit("psi", 0.1450377377)),
    "loss": Quantity(Unit("ms per 100 m"), Unit("ms per 100 ft", 0.3048)),
    "wind": Quantity(Unit("m/s"), Unit("mph", 3600 / 1609.344)),
}
"""Each quantity's SI is what the tables hold: m/s, m, °C, l, kWh, kPa.
A loss along the lap is in milliseconds per 100 m."""


def amount(value: float | None, quantity: str, digits: int, *, unit: bool = True) -> str:
    """A value as HTML that the page's script turns into the reader's units.

    Args:
        value: In SI; None shows a dash.
        quantity: A name of :data:`QUANTITIES`.
        digits: Digits after the point.
        unit: Whether the unit is written behind it.
    """
    if value is None:
        return UNKNOWN
    metric = QUANTITIES[quantity].metric
    text = f"{metric.of(value):.{digits}f}" + (f"\u202f{metric.symbol}" if unit else "")
    return (
        f'<span data-si="{value:.6g}" data-quantity="{quantity}" data-digits="{digits}"'
        f"{' data-unit' if unit else ''}>{escape(text)}</span>"
    )


def symbol(quantity: str) -> str:
    """The symbol of a quantity's unit, as HTML that follows the reader's units."""
    metric = QUANTITIES[quantity].metric.symbol
    return f'<span data-symbol="{quantity}">{escape(metric)}</span>'


def for_script() -> dict[str, dict[str, list[str | float]]]:
    """The quantities as the page's script reads them."""
    return {
        name: {
            system: [unit.symbol, unit.factor, unit.offset]
            for system, unit in (("metric", each.metric), ("imperial", each.imperial))
        }
        for name, each in QUANTITIES.items()
    }
