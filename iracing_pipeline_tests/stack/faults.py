"""Faults while the stack works: it must heal by itself, and lose nothing."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iracing_pipeline_tests.stack.engine import SERVICES, StackTestError, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline_tests.stack.engine import Stack

# What a load must end as, whatever disturbed it: rows without the times at which they were made.
BOOKS = {
    "sessions": "SELECT md5(string_agg(r::text, '' ORDER BY session_key)) FROM (SELECT session_key,"
    " car_name, track_name, lap_count, clean_lap_count, best_lap_time_s, record_count"
    " FROM racing.telemetry_session) AS r",
    "laps": "SELECT md5(string_agg(r::text, '' ORDER BY r::text)) FROM racing.telemetry_lap AS r",
    "traces": "SELECT md5(string_agg(r::text, '' ORDER BY r::text)) FROM racing.lap_trace AS r",
    "files": "SELECT state || ' ' || count(*) FROM ops.telemetry_file GROUP BY state ORDER BY 1",
    "quarantine": "SELECT item FROM ops.quarantine WHERE resolved_at IS NULL ORDER BY 1",
}
# Every process of the user but the first, which ends with them: the engine sees a crash. A stop
# by the engine's own command would be meant, and not be repaired.
KILL = "kill -9 -1"


def books(stack: Stack) -> dict[str, list[list[str]]]:
    """Content of the database."""
    return {name: stack.sql(query) for name, query in BOOKS.items()}


def kill_each(stack: Stack, files: int) -> list[tuple[str, ...]]:
    """Kill each container in turn while files arrive; seconds until it was healthy again."""
    rows: list[tuple[str, ...]] = []
    with _arriving(stack, files):
        for service in SERVICES:
            before, loaded = stack.restarts(service), stack.sessions()
            stack.inside(service, "sh", "-c", KILL, check=False)
            wait(f"{service} is restarted", lambda s=service, n=before: stack.restarts(s) > n)  # type: ignore[misc]
            took = wait(f"{service} is healthy", lambda s=service: stack.health(s) == "healthy")  # type: ignore[misc]
            rows.append((f"kill {service}", f"{took:.0f}", f"{loaded} sessions then"))
    rows.append(("then all files", *_all_arrive(stack)))
    return rows


@contextmanager
def _arriving(stack: Stack, files: int) -> Iterator[None]:
    """Files arrive while something is done, and go on until they are all there."""
    thread = threading.Thread(target=stack.drop, args=[files], kwargs={"every_s": 1.0})
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _all_arrive(stack: Stack) -> tuple[str, str]:
    count = stack.dropped
    took = wait("all files are in the database", lambda: stack.sessions() >= count)
    bad = stack.sql("SELECT item, reason FROM ops.quarantine WHERE resolved_at IS NULL")
    if bad or stack.sessions() != count:
        raise StackTestError(f"{stack.sessions()} sessions of {count} files; quarantine: {bad}")
    return f"{took:.0f}", f"{count} sessions, none lost, none twice, quarantine empty"


def restart_engine(stack: Stack, how: str, files: int) -> tuple[str, ...]:
    """Restart the engine while files arrive.

    Args:
        stack: The stack.
        how: The command that restarts it.
        files: How many arrive meanwhile.
    """
    with _arriving(stack, files):
        subprocess.run(how, shell=True, check=True)  # noqa: S602 - by whoever runs this
        took = wait("the engine answers", lambda: bool(_services(stack)))
        took += wait("all are healthy", lambda: _healthy(stack))
    _, result = _all_arrive(stack)
    return ("restart engine", f"{took:.0f}", result)


def _healthy(stack: Stack) -> bool:
    return all(stack.health(service) == "healthy" for service in SERVICES)


def _services(stack: Stack) -> str:
    return stack.compose("ps", "--quiet", check=False)


_MEETS_IT_S = 60.0  # so long that runs meet the full volume
_SAID = "SELECT DISTINCT left(reason, 90) FROM ops.quarantine"
BALLAST = {
    "data": ("code-server", "/data/ballast"),
    "postgres": ("keeper", "/var/lib/postgresql/data/ballast"),
}


def fill(stack: Stack, volume: str, files: int) -> tuple[str, ...]:
    """Fill a volume while files arrive, then make room: seconds from then until all are there."""
    service, ballast = BALLAST[volume]
    already = stack.sessions()
    # As much as goes in; the last write fails.
    stack.inside(service, "sh", "-c", f"cat /dev/zero > {ballast} 2>/dev/null; true")
    stack.drop(files)
    time.sleep(_MEETS_IT_S)
    during = max(0, stack.sessions() - already)  # a full PostgreSQL may not answer
    message = stack.sql(_SAID) if volume == "data" else []
    wait("room is made", lambda: _emptied(stack, service, ballast))
    took, result = _all_arrive(stack)
    note = f"{during} of {files} loaded while full; {result}"
    return (f"fill volume {volume}", took, note + (f"; said {message}" if message else ""))


def _emptied(stack: Stack, service: str, ballast: str) -> bool:
    script = f"rm -f {ballast} && echo gone"
    return "gone" in stack.inside(service, "sh", "-c", script, check=False)
