"""Questions about simulated seasons, with answers from the simulator and not from the database.

``python -m benchmarks.ask_truth`` loads the demo season and its races, asks 250 questions that have
an answer and 50 that have none through the official client over stdio, and prints how many answers
are right (value, unit and n), how many refusals give the right reason, and what it took.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import psutil
import psycopg
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from benchmarks import ten_seasons
from iracing_pipeline.demo.fake_data_api.race_documents import TICKS, Field, drive
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.season import SEED, season
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.warehouse import Warehouse, embedded, migrate, reader
from iracing_pipeline_tests.conftest import at_database
from iracing_pipeline_tests.garage import Garage, load_garage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from iracing_pipeline.demo.truth import SessionTruth

ANSWERABLE, UNANSWERABLE = 250, 50
PASSWORD = "for measuring"  # noqa: S105 - of a database that lives for a minute
_LAP_S = 2e-4
"""The clock of the simulator and that of a recording, which counts in 1/60 s, agree to this."""
_INTERPOLATED_S = 0.015
"""Error of a lap time by interpolation, in seconds: where the file ends right after the line."""
_LITRES = 0.02
_NOT_A_BEST_LAP = 8192 | 228
"""Flags of a first lap, and of incidents."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its true answer.

    Attributes:
        tool: Name of the tool.
        given: Its arguments.
        row: Values that the row has by which it is found.
        column: Column of the answer.
        value: The true value; None for a question that has no answer.
        unit: The true unit.
        n: The true count; None for a column that is no figure.
        within: Largest difference.
        reason: What the reason says where there is no answer.
    """

    tool: str
    given: dict[str, Any]
    row: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    value: Any = None
    unit: str | None = None
    n: int | None = None
    within: float = 0.0
    reason: str | None = None


@dataclass
class Measured:
    """Measurements.

    Attributes:
        right: Answers that were right.
        refused: Refusals that gave the right reason.
        wrong: Problems, in words.
        seconds: How long each call took.
        start_s: Time from starting the server to its first answer.
        memory_mb: Memory of the server at the end.
    """

    right: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    start_s: float = 0.0
    memory_mb: float = 0.0

    @property
    def p95_ms(self) -> float:
        """The 95th percentile of a call, in milliseconds."""
        return 1000 * statistics.quantiles(self.seconds, n=20)[-1]


def questions(garage: Garage, seed: int = 1) -> list[Asked]:
    """The questions, in an order of chance."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    of_laps, of_races = [*_of_files(garage)], [*_of_races(garage)]
    half = min(len(of_laps), ANSWERABLE // 2)
    expected = chance.sample(of_laps, half) + chance.sample(of_races, ANSWERABLE - half)
    asked = [*expected, *_unknown()[:UNANSWERABLE]]
    chance.shuffle(asked)
    return asked


def _of_files(garage: Garage) -> Iterator[Asked]:
    for number, outing in enumerate(season(), start=1):
        file = write_outing(garage.home / "telemetry", outing, SEED + number)
        key = str(IbtFile(file.path).session_key)
        yield from _of_session(key, file.truth)


def _of_session(key: str, truth: SessionTruth) -> Iterator[Asked]:
    given = {"session": key}
    clean = [lap for lap in truth.laps if lap.clean]
    if all(lap.shown for lap in clean) and clean:
        best = min(lap.lap_time_s for lap in clean if lap.lap_time_s is not None)
        yield Asked("session", given, {}, "best_lap_time_s", best, "s", len(clean), within=_LAP_S)
    yield Asked("session", given, {}, "incidents", sum(each.points for each in truth.incidents))
    for lap in truth.laps:
        row = {"stint": lap.stint, "lap_number": lap.number}
        yield Asked("laps", given, row, "kind", lap.kind)
        if lap.kind == "timed" and lap.lap_time_s is not None:
            time_s, litres = lap.lap_time_s, lap.fuel_used_l
            within = _LAP_S if lap.shown else _INTERPOLATED_S
            yield Asked("laps", given, row, "lap_time_s", time_s, "s", 1, within=within)
            method = "clock" if lap.shown else "interpolation"
            yield Asked("laps", given, row, "lap_time_method", method)
            yield Asked("laps", given, row, "fuel_used_l", litres, "l", 1, within=_LITRES)


def _of_races(garage: Garage) -> Iterator[Asked]:
    for race in garage.races:
        given = {"race": race.subsession_id}
        yield Asked("races", given, {}, "finish_position", race.finish)
        yield Asked("races", given, {}, "starting_position", race.grid)
        yield Asked("races", given, {}, "car_count", race.field)
        if race.official:
            change = race.irating[1] - race.irating[0]
            yield Asked("races", given, {}, "irating_change", change, None, 1)
        driven = drive(garage.career, race)
        for place, driver in enumerate(driven.drivers, start=1):
            laps = driven.laps[place - 1]
            row = {"finish_position": place}
            yield Asked("finish_order", given, row, "display_name", driver.name)
            if laps:
                yield from _best_lap(driven, place, given, row)


def _best_lap(
    driven: Field, place: int, given: dict[str, Any], row: dict[str, Any]
) -> Iterator[Asked]:
    """The fastest lap of a car: not the first, and none with an incident."""
    laps = driven.laps[place - 1]
    flags, times = driven.flags[place - 1, :laps], driven.times[place - 1, :laps]
    clean = times[(flags & _NOT_A_BEST_LAP) == 0]
    if len(clean):
        best = int(clean.min()) / TICKS
        yield Asked("finish_order", given, row, "best_lap_s", best, "s", laps, within=1e-9)


def _unknown() -> list[Asked]:
    nowhere = [{"session": f"19{year}-05-01"} for year in range(70, 80)]
    nobody = [{"race": number} for number in range(4711, 4721)]
    elsewhere = [{"track": name} for name in ("Atlantis", "Moon", "100%", "_", "Spa'; --")]
    return [
        *(Asked("session", each, reason="No loaded session") for each in nowhere),
        *(Asked("laps", each, reason="No loaded session") for each in nowhere[:5]),
        *(Asked("finish_order", each, reason="No loaded race") for each in nobody),
        *(Asked("race_ledger", each, reason="laps of all cars") for each in nobody[:5]),
        *(Asked("what_if_irating", each, reason="not loaded, or was not") for each in nobody[:5]),
        *(Asked("fuel", each, reason="fewer than three laps") for each in elsewhere),
        *(Asked("race_plan", each, reason="are not known") for each in elsewhere),
        *(Asked("personal_bests", each, reason="No loaded session") for each in elsewhere),
        Asked("corner_over_time", {"corner": 99}, reason="measured this corner"),
        Asked("compare_laps", {"lap": "a:1:1", "reference": "b:1:1"}, reason="cannot be compared"),
        Asked("rating_forecast", {"category": "hovercraft"}, reason="Fewer than eight"),
        Asked("setup_comparison", {"car": "Trabant"}, reason="No loaded session"),
        Asked("traffic", {"track": "Atlantis"}, reason="in traffic"),
        Asked("penalty_ladder", {"session": "1998-01-01"}, reason="limit of incidents"),
        Asked("data_quality", {"track": "Atlantis"}, reason="No loaded session"),
        Asked("race_debrief", {"race": 4711}, reason="No race with telemetry"),
        Asked("race_pace", {"race": 4711}, reason="laps of all cars"),
        Asked("incidents", {"session": "1999-01-01"}, reason="No incident"),
    ]


def judged(asked: Asked, result: Any) -> str | None:
    """Return the problem of an answer; None if there is none."""
    if result.is_error:
        return f"{asked.tool} {asked.given}: {result.content[0].text}"
    answer = result.structured_content
    if asked.reason is not None:
        given = (answer.get("not_known") or {}).get("reason", f"{len(answer['rows'])} rows")
        return None if asked.reason in given else f"{asked.tool} {asked.given}: {given}"
    rows = [r for r in answer["rows"] if all(r[k] == v for k, v in asked.row.items())]
    named = f"{asked.tool} {asked.given} {dict(asked.row)} {asked.column}"
    if len(rows) != 1:
        return f"{named}: {len(rows)} rows"
    found = rows[0][asked.column]
    if asked.n is None:
        return None if found == asked.value else f"{named}: {found!r}, not {asked.value!r}"
    near = found["value"] is not None and math.isclose(
        found["value"], asked.value, rel_tol=0, abs_tol=asked.within
    )
    if not near or found["unit"] != asked.unit or found["n"] != asked.n:
        return f"{named}: {found}, not {asked.value} {asked.unit} n={asked.n}"
    return None


@asynccontextmanager
async def served(env: Mapping[str, str]) -> AsyncIterator[ClientSession]:
    """The official client, and the server that it started."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "iracing_pipeline", "mcp"], env=dict(env)
    )
    async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


async def measure(env: Mapping[str, str], asked: list[Asked]) -> Measured:
    """Ask the questions, one after the other."""
    result = Measured()
    began = time.perf_counter()
    async with served(env) as session:
        result.start_s = time.perf_counter() - began
        for each in asked:
            began = time.perf_counter()
            answer = await session.call_tool(each.tool, each.given)
            result.seconds.append(time.perf_counter() - began)
            wrong = judged(each, answer)
            if wrong is not None:
                result.wrong.append(wrong)
            elif each.reason is None:
                result.right += 1
            else:
                result.refused += 1
        result.memory_mb = memory_mb()
    return result


CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sessions", {}),
    ("sessions", {"car": "Car number 3", "track": "Track number 7"}),
    ("session", {"session": "last"}),
    ("laps", {"session": "last"}),
    ("personal_bests", {"car": "Car number 5"}),
    ("corner_over_time", {"corner": 5}),
    ("car_on_track", {"track": "Track number 7"}),
    ("fuel", {"track": "Track number 7"}),
    ("races", {}),
    ("ratings", {}),
    ("setup_comparison", {"car": "Car number 3"}),
    ("data_quality", {"session": "last"}),
    ("incidents", {"session": "last"}),
    ("query", {"sql": "SELECT kind, count(*) FROM grafana.telemetry_laps GROUP BY 1"}),
)
"""Calls on ten seasons; each several times."""


async def measure_calls(env: Mapping[str, str], rounds: int = 5) -> Measured:
    """Measure the duration of calls, whatever they answer."""
    result = Measured()
    async with served(env) as session:
        for tool, given in CALLS * rounds:
            began = time.perf_counter()
            answer = await session.call_tool(tool, given)
            result.seconds.append(time.perf_counter() - began)
            if answer.is_error:
                result.wrong.append(f"{tool} {given}: {answer.content[0]}")
        result.memory_mb = memory_mb()
    return result


def memory_mb() -> float:
    """Memory of the server that this process started, in MB."""
    children = psutil.Process().children(recursive=True)
    servers = [child for child in children if "mcp" in child.cmdline()]
    return max((server.memory_info().rss / 1e6 for server in servers), default=0.0)


def environment(url: str, home: Path) -> dict[str, str]:
    """The environment of the server."""
    with Warehouse(url).connect() as owner:
        reader.set_password(owner, PASSWORD)
    env = {name: value for name, value in os.environ.items() if not name.startswith("IRACING_")}
    return env | {
        "IRACING_HOME": str(home),
        "IRACING_DATABASE_URL": url,
        "IRACING_READER_PASSWORD": PASSWORD,
    }


def report(measured: Measured, title: str) -> None:
    """Print what was measured."""
    print(
        f"{title}: {measured.right} of {ANSWERABLE} right, {measured.refused} of {UNANSWERABLE}"
        f" refused with the right reason; start {measured.start_s:.2f} s, call p50"
        f" {1000 * statistics.median(measured.seconds):.0f} ms, p95 {measured.p95_ms:.0f} ms,"
        f" memory {measured.memory_mb:.0f} MB"
    )
    for each in measured.wrong[:20]:
        print(f"  wrong: {each}")


def main() -> None:
    """Load, ask, print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="iracing-ask-") as folder:
        home = Path(folder)
        url = embedded.start(home)
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE garage")
                connection.execute("CREATE DATABASE seasons")
            garage = load_garage(at_database(url, "garage"), home)
            measured = anyio.run(measure, environment(garage.url, home), questions(garage))
            report(measured, "Demo season")
            report_seasons(at_database(url, "seasons"), home)
        finally:
            embedded.stop(home)
    sys.exit(1 if measured.wrong else 0)


def report_seasons(url: str, home: Path) -> None:
    """Fill an empty database with ten seasons, and print how long calls take."""
    migrate(url)
    with Warehouse(url).connect(autocommit=True) as connection:
        ten_seasons.fill(connection)
    calls = anyio.run(measure_calls, environment(url, home))
    print(
        f"Ten seasons, {ten_seasons.SESSIONS * ten_seasons.LAPS} laps: call p50"
        f" {1000 * statistics.median(calls.seconds):.0f} ms, p95 {calls.p95_ms:.0f} ms,"
        f" memory {calls.memory_mb:.0f} MB"
    )
    for each in calls.wrong[:5]:
        print(f"  wrong: {each}")


if __name__ == "__main__":
    main()
