from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster_shared.error import SerializableErrorInfo

from iracing_pipeline.dagster_private import DaemonHeartbeat
from iracing_pipeline.local.check import State
from iracing_pipeline.local.check.daemon import daemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.settings import Settings


@pytest.fixture
def home(settings: Settings) -> Path:
    """A Dagster home with a configuration and no daemon."""
    return settings.home / "dagster"


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def beat(
    instance: dg.DagsterInstance, ago_s: float, *, error: str | None = None, but: str = ""
) -> None:
    errors = [SerializableErrorInfo(error, [], None)] if error else []
    for kind in instance.get_required_daemon_types():
        if kind != but:
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago_s, kind, "id", errors))


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (finding,) = daemon(tmp_path / "dagster")

    assert (finding.state, finding.advice) == (State.WARNING, "Start it: iracing-pipeline up")
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_never_ran_is_a_warning(home: Path) -> None:
    (finding,) = daemon(home)

    assert (finding.state, finding.said) == (
        State.WARNING, "it does not run: no file is loaded by itself",
    )  # fmt: skip


def test_a_daemon_that_lives_is_well(home: Path, instance: dg.DagsterInstance) -> None:
    beat(instance, 10)

    (finding,) = daemon(home)

    assert (finding.state, finding.said) == (State.OK, "its last heartbeat was 10 s ago")


def test_a_daemon_that_is_silent_is_a_warning(home: Path, instance: dg.DagsterInstance) -> None:
    beat(instance, 600)

    (finding,) = daemon(home)

    assert finding.state is State.WARNING
    assert "silent for 10 min" in finding.said


def test_a_part_that_is_silent_is_wrong(home: Path, instance: dg.DagsterInstance) -> None:
    beat(instance, 10, but="SENSOR")

    (finding,) = daemon(home)

    assert (finding.state, finding.said) == (State.WRONG, "sensor silent")


def test_a_part_that_fails_is_wrong(home: Path, instance: dg.DagsterInstance) -> None:
    beat(instance, 10, error="the code server\n is gone")

    (finding,) = daemon(home)

    assert finding.state is State.WRONG
    assert finding.said.endswith("fails: the code server is gone")


def test_a_storage_that_cannot_be_read_is_wrong(home: Path) -> None:
    (home / "dagster.yaml").write_text("storage: {nothing: {}}\n", encoding="utf-8")

    (finding,) = daemon(home)

    assert finding.state is State.WRONG
