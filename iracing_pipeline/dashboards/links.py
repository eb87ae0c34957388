"""Links from board to board; they carry what was chosen, so that the next one shows the same."""

from __future__ import annotations

from dataclasses import dataclass

HOME = "iracing-home"
SESSIONS = "iracing-sessions"
SESSION = "iracing-session"
RACE = "iracing-race"
LAP_COMPARE = "iracing-lap-compare"
CORNER = "iracing-corner"
CHANNELS = "iracing-channels"
CAR = "iracing-car"
FUEL = "iracing-fuel"
STINTS = "iracing-stints"
RACE_PLAN = "iracing-race-plan"
RATINGS = "iracing-ratings"
PACE = "iracing-pace"
CONSISTENCY = "iracing-consistency"
SEASON = "iracing-season"
EXPERIMENTS = "iracing-experiments"
PIT_WALL = "iracing-pit-wall"
PIPELINE = "iracing-pipeline"
DATA_QUALITY = "iracing-data-quality"

CLOCK_START = "946684800000"
"""Start of the reference-lap clock: midnight of 2000-01-01 UTC, in epoch milliseconds."""

BEFORE_CLOCK = ("1999-12-31T23:58:00.000Z", "1999-12-31T23:59:00.000Z")
"""A range that no lap is in: charts then offer to zoom to their data, which is the whole lap."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a cell, a point or a panel."""

    title: str
    url: str

    @property
    def json(self) -> dict[str, object]:
        """As a data link of Grafana."""
        return {"title": self.title, "url": self.url}


def to(
    board: str, title: str, *, start: str | None = None, end: str | None = None, **variables: str
) -> Link:
    """A link to a board, with the units that are in use.

    Args:
        board: Its uid.
        title: Text of the link.
        start: Start of its time range in epoch milliseconds, such as a field's value.
        end: End of it.
        variables: Values of its variables; see :func:`field`.
    """
    values = {f"var-{name}": value for name, value in variables.items()}
    values["var-units"] = "${units}"
    if start is not None and end is not None:
        values |= {"from": start, "to": end}
    return Link(title, f"/d/{board}?" + "&".join(f"{k}={v}" for k, v in values.items()))


def clock_end(lap_time_s: str) -> str:
    """SQL of where a lap ends on the reference-lap clock: epoch milliseconds, as text."""
    return f"({CLOCK_START} + ceil({lap_time_s} * 1000))::bigint::text"


def compare(title: str, *, end: str, **chosen: str) -> Link:
    """A link to Lap compare, which opens on the whole of the reference lap.

    Args:
        title: What the link says.
        end: Where the reference lap ends, see :func:`clock_end`: a field or a variable.
        chosen: ``track``, ``car``, ``reference``, ``lap`` and the other variables of the board.
    """
    return to(LAP_COMPARE, title, start=CLOCK_START, end=end, **chosen)


def field(name: str) -> str:
    """The value of a field in the row that was clicked; its name has no spaces."""
    return f"${{__data.fields.{name}}}"


def variable(name: str) -> str:
    """The value of a variable of the board that the link is on."""
    return f"${{{name}}}"
