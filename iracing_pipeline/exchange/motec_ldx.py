"""Write the ``.ldx`` beside an ``.ld`` file: where i2 finds the laps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence


def encode(line_s: Sequence[float], *, fastest: tuple[int, float] | None = None) -> bytes:
    """An ``.ldx`` file.

    Args:
        line_s: When the car crossed the line, in seconds from the first record, in order.
        fastest: Number (as i2 counts them, from 1 after the first line) and time in seconds of
            the fastest lap; None if there is none.
    """
    markers = "".join(
        f'     <Marker Version="100" ClassName="BCN" Name="Line, {number}" Flags="77"'
        f' Time="{seconds * 1e6:.4f}"/>\n'
        for number, seconds in enumerate(line_s, start=1)
    )
    details = {"Total Laps": str(len(line_s) + 1)}
    if fastest is not None:
        minutes, seconds = divmod(round(fastest[1], 3), 60)  # 59.9996 s is 1:00.000
        details |= {
            "Fastest Time": f"{int(minutes)}:{seconds:06.3f}",
            "Fastest Lap": str(fastest[0]),
        }
    strings = "".join(
        f"   <String Id={quoteattr(name)} Value={quoteattr(value)}/>\n"
        for name, value in details.items()
    )
    return (
        '<?xml version="1.0"?>\n'
        '<LDXFile Locale="English_United States.1252" DefaultLocale="C" Version="1.6">\n'
        " <Layers>\n  <Layer>\n   <MarkerBlock>\n"
        '    <MarkerGroup Name="Beacons" Index="3">\n'
        f"{markers}"
        "    </MarkerGroup>\n   </MarkerBlock>\n   <RangeBlock/>\n  </Layer>\n"
        f"  <Details>\n{strings}  </Details>\n </Layers>\n</LDXFile>\n"
    ).encode("ascii", "xmlcharrefreplace")
