"""One finding of a race."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that cost time.

    Attributes:
        kind: ``mistake``, ``corner``, ``pace``, ``traffic`` or ``pit_stop``.
        text: It in words.
        seconds: Time lost over the race.
        laps: Laps that show it.
        corner: The corner it concerns, if it concerns one.
        low_s: Lower end of the 95 % interval; None where it is not known.
        high_s: Upper end.
        places: Cars of the class that finished within these seconds; None without a result.
        irating: What these places were worth; None where that is not known.
        advice: What to do; None where the data supports nothing.
        cause: Cause of ``racing.race_ledger`` that it comes from.
    """

    kind: str
    text: str
    seconds: float
    laps: tuple[int, ...]
    corner: int | None = None
    low_s: float | None = None
    high_s: float | None = None
    places: int | None = None
    irating: float | None = None
    advice: str | None = None
    cause: str | None = None
