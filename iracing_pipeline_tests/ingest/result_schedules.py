"""Random schedules of result files, API answers and failures, compared with a world without faults.

A schedule drops versions of a few races as files, good and bad, in any order, renamed, copied and
rewritten; the API gives some of the races; the database refuses rows and connections break. When
the faults have ended and time has passed, the tables must hold what they hold when only the best
version of each race had ever arrived, and every bad file must be in quarantine with a reason.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg

from iracing_pipeline.ingest import result_files
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.results.csv_text import decode
from iracing_pipeline.results.source import Source, precedence
from iracing_pipeline.warehouse import payloads, quarantine
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

RACES = 2
BASE = datetime(2026, 3, 22, 6, tzinfo=UTC)
LONG = timedelta(days=400)
SHOWN = """
SELECT jsonb_agg(to_jsonb(t) - 'source_time' ORDER BY (to_jsonb(t) - 'source_time')::text)
FROM {} AS t
"""
TABLES = ("racing.subsession", "racing.simsession", "racing.result")
REFUSALS = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.CheckViolation,
    psycopg.errors.DiskFull,
    psycopg.errors.QueryCanceled,
    psycopg.errors.ProgramLimitExceeded,
    MemoryError,
    RecursionError,
)
BAD: dict[str, Callable[[str], bytes]] = {
    "cut": lambda text: text[: len(text) // 2].encode(),
    "deep": lambda _: b"[" * 100_000,
    "empty": lambda _: b"",
    "page": lambda _: b"<html>Log in</html>",
    "zero id": lambda text: _changed(text, subsession_id=0),
    "huge id": lambda text: _changed(text, subsession_id=2**63),
    "list id": lambda text: _changed(text, subsession_id=[1]),
    "no list": lambda text: _changed(text, session_results={"a": 1}),
    "nobody": lambda text: text.replace('"cust_id"', '"nobody"').encode(),
    "open quote": lambda _: b'subsession_id,start_time,track_name,finish_position\n1,2,"x,1\n',
    "German": lambda _: "Untersitzung,Strecke\n1,Spa\n".encode("utf-16"),
}


@dataclass
class World:
    """Files and answers that have arrived.

    Attributes:
        folder: The results folder.
        versions: Versions of each race that arrived whole: source, time of the data, document.
        bad: Files that cannot be loaded.
        faults: Faults injected, by kind.
    """

    folder: Path
    versions: dict[int, list[tuple[Source, datetime, dict[str, Any]]]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)


def run(connection: Connection, folder: Path, seed: int) -> tuple[list[str], Counter[str]]:
    """Play one schedule, and compare: the differences, and the faults injected by kind."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    empty(connection)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    world = World(folder)
    steps = [_drop, _drop, _drop, _api, _bad, _copy, _rename, _rewrite]
    for _ in range(rng.randint(3, 7)):
        rng.choice(steps)(connection, world, rng)
        if rng.random() < 0.4:
            _look(connection, world, rng, faulty=rng.random() < 0.5)
    now = datetime.now(UTC)
    for rest in range(1, 3):  # the faults have ended, and time passes
        _look(connection, world, rng, faulty=False, now=now + rest * LONG)
    result = _shown(connection)
    wrong = _unlike(connection, world)
    empty(connection)
    for versions in world.versions.values():
        source, _, body = max(versions, key=_order)
        kind = "results/get" if source is Source.API else source.label
        item = Document(kind, str(body["subsession_id"]))
        payloads.put(connection, item, body, source=source.label)
    load_subsessions(connection, list(world.versions))
    expected = _shown(connection)
    wrong += [
        f"seed {seed}: {table} differs" for table in TABLES if result[table] != expected[table]
    ]
    return wrong, world.faults


def _race(number: int, rng: random.Random) -> dict[str, Any]:
    """One version of a race: the order of its drivers and their ratings are its own."""
    drivers = rng.sample(range(1, 5), 4)
    entries = [
        {
            "cust_id": 1000 + driver,
            "display_name": f"Driver {driver}",
            "finish_position": place,
            "incidents": rng.randrange(9),
            "newi_rating": rng.randrange(1000, 3000),
            "car_class_id": 4,
        }
        for place, driver in enumerate(drivers)
    ]
    return {
        "subsession_id": 95_000_000 + number,
        "start_time": BASE.isoformat(),
        "end_time": (BASE + timedelta(hours=1)).isoformat(),
        "event_type": 5,
        "session_results": [{"simsession_number": 0, "results": entries}],
    }


def _drop(_: Connection, world: World, rng: random.Random) -> None:
    document = _race(rng.randrange(RACES), rng)
    time = BASE + timedelta(minutes=rng.randrange(100_000), seconds=rng.randrange(60))
    again = rng.choice(["", "", " (1)", "(2)"])
    path = world.folder / f"{rng.choice('abc')}-{rng.randrange(99)}{again}.json"
    if not path.exists():
        _write(world, path, document, time, rng)


def _write(
    world: World, path: Path, document: dict[str, Any], time: datetime, rng: random.Random
) -> None:
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16"])
    shown = copy.deepcopy(document)
    odd = rng.choice([None, None, "NaN", "1e999", "9" * 400, '"\\ud83c\\u0000"', "[1]"])
    text = json.dumps(rng.choice([shown, {"type": "event_result", "data": shown}]))
    if odd is not None:
        world.faults["odd field"] += 1
        text = text.replace('"event_type": 5', f'"event_type": 5, "event_strength_of_field": {odd}')
    path.write_bytes(text.encode(encoding))
    _set_time(path, time)
    later = timedelta(seconds=2) * (1 if " (1)" in path.name else 2 if "(2)" in path.name else 0)
    _arrived(world, Source.EVENT_RESULT, time + later, document)


def _api(connection: Connection, world: World, rng: random.Random) -> None:
    document = _race(rng.randrange(RACES), rng)
    subsession_id = document["subsession_id"]
    time = BASE + timedelta(minutes=rng.randrange(100_000), seconds=30)
    before = [v for v in world.versions.get(subsession_id, []) if v[0] is Source.API]
    if before:
        time = max(time, before[-1][1] + timedelta(seconds=1))
        world.versions[subsession_id].remove(before[-1])
    payloads.put(connection, Document("results/get", str(subsession_id)), document, source="api")
    connection.execute(
        "UPDATE raw.payload SET received_at = %s WHERE kind = 'results/get' AND item = %s",
        [time, str(subsession_id)],
    )
    connection.commit()
    load_subsessions(connection, [subsession_id])
    _arrived(world, Source.API, time, document)


def _bad(_: Connection, world: World, rng: random.Random) -> None:
    kind = rng.choice(sorted(BAD))
    path = world.folder / f"bad-{rng.randrange(99)}{'.csv' if 'quote' in kind else '.json'}"
    if path.exists():
        return
    path.write_bytes(BAD[kind](json.dumps(_race(rng.randrange(RACES), rng))))
    _set_time(path, BASE + timedelta(minutes=rng.randrange(100_000)))
    world.bad[str(path)] = kind
    world.faults[f"bad file: {kind}"] += 1


def _copy(connection: Connection, world: World, rng: random.Random) -> None:
    if good := _good(world):
        path = rng.choice(good)
        # Of content that is first met in a copy, nobody knows that it is older.
        _look(connection, world, rng, faulty=False, now=datetime.now(UTC) + LONG)
        target = path.with_name(f"copy-{rng.randrange(10**6)}.json")
        shutil.copyfile(path, target)
        # A copy is younger than what is in it: the time of the data stays.
        _set_time(target, _time(path) + timedelta(minutes=rng.randrange(1, 100_000)))
        world.faults["copied"] += 1


def _rename(_: Connection, world: World, rng: random.Random) -> None:
    if good := [path for path in _good(world) if "(" not in path.name]:
        path = rng.choice(good)
        path.rename(path.with_name(f"renamed-{rng.randrange(10**6)}.json"))
        world.faults["renamed"] += 1


def _rewrite(_: Connection, world: World, rng: random.Random) -> None:
    if good := [path for path in _good(world) if "copy" not in path.name]:
        path = rng.choice(good)
        time = max(_time(path), BASE) + timedelta(minutes=rng.randrange(1, 10_000))
        seen = json.loads(_text(path))
        number = (seen.get("data") or seen)["subsession_id"] - 95_000_000
        # What was there before counts if somebody looked at it; a newer one always does.
        _write(world, path, _race(number, rng), time, rng)
        world.faults["rewritten"] += 1


def _look(
    connection: Connection,
    world: World,
    rng: random.Random,
    *,
    faulty: bool,
    now: datetime | None = None,
) -> None:
    """Do the sensor's run, with faults of the database in a part of it."""
    at = now or datetime.now(UTC)
    paths = result_files.new_result_files(connection, world.folder, now=at, settle=timedelta(0))
    connection.commit()
    if not faulty:
        result_files.load_result_files(connection, paths)
        return

    def refusing(*arguments: Any, **options: Any) -> Any:
        if rng.random() < 0.3:
            error = rng.choice(REFUSALS)
            world.faults[error.__name__] += 1
            raise error("injected")
        return replace(*arguments, **options)

    with mock.patch("iracing_pipeline.ingest.results.replace", refusing):
        result_files.load_result_files(connection, paths)


def _unlike(connection: Connection, world: World) -> list[str]:
    entries = {entry.item: entry for entry in quarantine.entries(connection, source="result_file")}
    wrong = [
        f"{path} ({kind}) is not in quarantine with a reason"
        for path, kind in world.bad.items()
        if path not in entries or not entries[path].reason or not entries[path].advice
    ]
    present = {str(path) for path in world.folder.iterdir()}
    return wrong + [
        f"{path} is in quarantine: {entry.reason}"
        for path, entry in entries.items()
        if path not in world.bad and path in present
    ]


def _arrived(world: World, source: Source, time: datetime, document: dict[str, Any]) -> None:
    world.versions.setdefault(document["subsession_id"], []).append((source, time, document))


def _order(version: tuple[Source, datetime, dict[str, Any]]) -> tuple[object, ...]:
    return precedence(version[0], version[1])


def _shown(connection: Connection) -> dict[str, Any]:
    shown = {}
    for table in TABLES:
        row = connection.execute(SHOWN.format(table).encode()).fetchone()
        shown[table] = row and row[0]
    connection.commit()
    return shown


def empty(connection: Connection) -> None:
    """Delete all results, files and what is noted of them."""
    connection.rollback()
    tables = ", ".join(
        (
            *TABLES,
            "racing.member",
            "racing.subsession_class",
            "raw.payload",
            "ops.result_file",
            "ops.quarantine",
            "ops.item_issue",
            "ops.load_audit",
        )
    )
    for table in tables.split(", "):  # faster than TRUNCATE while they are small
        connection.execute(f"DELETE FROM {table}".encode())
    connection.commit()


def _good(world: World) -> list[Path]:
    return sorted(path for path in world.folder.iterdir() if str(path) not in world.bad)


def _changed(text: str, **changes: object) -> bytes:
    return json.dumps(json.loads(text) | changes).encode()


def _text(path: Path) -> str:
    return decode(path.read_bytes())


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _set_time(path: Path, time: datetime) -> None:
    os.utime(path, (time.timestamp(), time.timestamp()))
