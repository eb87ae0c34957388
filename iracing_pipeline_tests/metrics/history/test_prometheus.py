"""Against a real Prometheus: what arrives, at which times, and what its faults cost."""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.metrics.history.blocks import MIN_AGE_MS, Blocks
from iracing_pipeline.metrics.history.remote_write import Patience, RemoteWrite
from iracing_pipeline.metrics.history.route import HostedPrometheus, LocalPrometheus
from iracing_pipeline_tests.metrics.history.drives import drive
from iracing_pipeline_tests.prometheus_server import (
    HOSTED,
    NEEDS_PROMETHEUS,
    PASSWORD,
    USER,
    Server,
    started,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iracing_pipeline.metrics.history.delivery import Delivery
    from iracing_pipeline.metrics.history.series import SessionSeries

pytestmark = NEEDS_PROMETHEUS

DAY = 86_400.0
QUICK = Patience(tries=2, first_s=0.05, longest_s=0.1, rest_s=0.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from started(tmp_path_factory.mktemp("prometheus") / "one")


def writer(server: Server) -> RemoteWrite:
    return RemoteWrite(f"{server.url}/api/v1/write", patience=QUICK)


def half_an_hour_behind() -> float:
    return time.time() - 1800


def send_into(found: list[Delivery], writer: RemoteWrite, series: SessionSeries) -> None:
    found.append(writer.send(series))


def local(server: Server) -> LocalPrometheus:
    return LocalPrometheus(writer(server), Blocks(server.data))


def count(server: Server, series: SessionSeries) -> int:
    first, last = series.times[[0, -1]] / 1000
    return server.samples(series.labels["session"], first, last)


def wait_for(server: Server, series: SessionSeries, samples: int) -> None:
    """Until the server has picked up new blocks, which it looks for once a minute."""
    deadline = time.monotonic() + 90
    while (result := count(server, series)) != samples:
        assert time.monotonic() < deadline, f"{result} samples of {samples}"
        time.sleep(1)


def test_a_young_session_is_there_at_once_and_sending_it_again_changes_nothing(
    server: Server,
) -> None:
    series = drive(time.time() - 600, seconds=120, key="young")

    first, second = writer(server).send(series), writer(server).send(series)

    assert first.accepted == series.samples == second.accepted
    assert count(server, series) == series.samples


def test_values_times_and_labels_are_those_sent(server: Server) -> None:
    series = drive(time.time() - 900, seconds=10, key="exact", channels=2)
    writer(server).send(series)

    for metric, (_, values) in series.metrics.items():
        last = series.times[-1] / 1000
        (result,) = server.query(f'{metric}{{session="exact"}}[20s]', last)
        assert result["metric"] == {"__name__": metric, **series.labels}
        shown = [(round(at * 1000), float(value)) for at, value in result["values"]]
        assert shown == list(zip(series.times.tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize("age_s", [1200, 9 * DAY], ids=["remote write", "blocks"])
def test_two_writers_at_once_agree(tmp_path: Path, age_s: float) -> None:
    for server in started(tmp_path / "p"):
        series = drive(time.time() - age_s, seconds=300, key="two writers")
        result = at_once(lambda: local(server).send(series), times=2)  # noqa: B023 - ends here
        server.stop()
        server.start()

        assert [delivery.accepted for delivery in result] == [series.samples] * 2
        assert count(server, series) == series.samples


def at_once(send: Callable[[], Delivery], *, times: int) -> list[Delivery]:
    rows: list[Delivery] = []
    threads = [threading.Thread(target=lambda: rows.append(send())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rows


def test_a_session_from_next_year_does_not_stop_the_clock(server: Server) -> None:
    refused = local(server).send(drive(time.time() + 365 * DAY, seconds=10, key="next year"))
    after = drive(time.time() - 5, seconds=10, key="after")

    assert refused.refused == {"future": refused.samples}
    assert writer(server).send(after).accepted == after.samples
    assert count(server, after) == after.samples


def test_a_clock_that_is_minutes_ahead_stops_nothing(tmp_path: Path) -> None:
    for server in started(tmp_path / "p"):
        ahead = drive(time.time() + 300, seconds=60, key="ahead")
        delivery = writer(server).send(ahead)
        now = time.time()
        after = drive(now - 5, seconds=10, key="after")

        assert delivery.accepted == ahead.samples == count(server, ahead)
        assert writer(server).send(after).accepted == after.samples == count(server, after)
        while (server.value('timestamp(up{job="self"})') or 0) < now + 2:  # scrapes go on
            assert time.time() < now + 20
            time.sleep(0.2)


def test_a_session_across_the_edge_of_age_is_whole(tmp_path: Path) -> None:
    for server in started(tmp_path / "p"):
        series = drive(time.time() - MIN_AGE_MS / 1000 + 60, seconds=120, key="across", channels=3)
        delivery = local(server).send(series)

        assert (delivery.accepted, delivery.refused.total()) == (series.samples, 0)
        assert delivery.requests >= 2
        server.stop()
        server.start()
        assert count(server, series) == series.samples


def test_old_sessions_are_there_after_a_restart_and_loading_them_twice_changes_nothing(
    tmp_path: Path,
) -> None:
    for server in started(tmp_path / "p"):
        sessions = [
            drive(time.time() - days * DAY, seconds=60, key=f"{days} days", seed=days)
            for days in (1, 30, 400, 4000)
        ]
        for series in sessions + sessions:
            delivery = local(server).send(series)
            assert delivery.accepted == series.samples
        server.stop()
        server.start()

        assert [count(server, each) for each in sessions] == [each.samples for each in sessions]
        assert not [p for p in server.data.iterdir() if p.name.startswith("iracing-")]


def test_new_blocks_are_picked_up_without_a_restart(server: Server) -> None:
    series = drive(time.time() - 20 * DAY, seconds=30, key="picked up", channels=4)
    local(server).send(series)

    wait_for(server, series, series.samples)


def test_what_a_hosted_server_with_two_hours_has_and_refused_reconciles(tmp_path: Path) -> None:
    for server in started(tmp_path / "cloud", **HOSTED):
        url = f"{server.url}/api/v1/write"
        sender = RemoteWrite(url, auth=(USER, PASSWORD), batch=10_000, patience=QUICK)
        series = drive(time.time() - 3600, seconds=7200, key="long", channels=2)
        thin = series.every(1000)
        # The server's edge is its own clock's; ours here only keeps to what surely is too old.
        delivery = HostedPrometheus(sender, clock=half_an_hour_behind).send(series)

        assert delivery.samples == thin.samples
        assert delivery.waiting == 0
        assert delivery.accepted == count(server, thin)
        assert delivery.refused["too_old"] == thin.samples - delivery.accepted
        # An hour and a bit of two: what is younger than two hours.
        assert 3590 * 2 <= delivery.accepted <= 3620 * 2

        closed = RemoteWrite(url, auth=(USER, "wrong"), patience=QUICK)
        assert closed.send(thin).waiting == thin.samples


def test_a_server_that_was_killed_while_writing_has_everything_in_the_end(tmp_path: Path) -> None:
    for server in started(tmp_path / "p"):
        series = drive(time.time() - 60, seconds=1800, key="killed")
        patient = Patience(tries=60, first_s=0.1, longest_s=0.3, rest_s=0.0)
        sender = RemoteWrite(f"{server.url}/api/v1/write", patience=patient, batch=10_000)
        rows: list[Delivery] = []
        thread = threading.Thread(target=send_into, args=(rows, sender, series))
        thread.start()
        time.sleep(0.1)
        server.stop(kill=True)
        server.start()
        thread.join()
        again = sender.send(series)

        assert rows[0].waiting == again.waiting == 0
        assert count(server, series) == series.samples


def test_a_server_that_is_down_keeps_young_samples_waiting_and_takes_old_ones(
    tmp_path: Path,
) -> None:
    for server in started(tmp_path / "p"):
        server.stop()
        young = drive(time.time() - 60, seconds=10, key="young")
        old = drive(time.time() - 10 * DAY, seconds=10, key="old")
        place = local(server)
        sent = [place.send(young), place.send(old)]
        server.start()

        assert (sent[0].waiting, sent[1].accepted) == (young.samples, old.samples)
        assert sent[0].failure
        assert "no connection" in sent[0].failure
        assert place.send(young).accepted == young.samples
        assert count(server, old) == old.samples


@pytest.mark.parametrize("kind", ["missing", "not prometheus"])
def test_a_data_folder_that_is_none_is_said(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "data"
    if kind == "not prometheus":
        folder.mkdir()
    series = drive(time.time() - DAY, seconds=10)

    delivery = Blocks(folder).send(series)

    assert delivery.waiting == series.samples
    assert delivery.failure
    assert "IRACING_PROMETHEUS_DATA" in delivery.failure
    assert not folder.exists() or not list(folder.iterdir())


def test_a_data_folder_that_cannot_be_written_to_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wal").mkdir()

    def refused(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")  # as root it would not happen

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    series = drive(time.time() - DAY, seconds=10)

    delivery = Blocks(tmp_path).send(series)

    assert delivery.waiting == series.samples
    assert "cannot be written to: Permission denied" in str(delivery.failure)


def test_without_promtool_everything_waits(tmp_path: Path) -> None:
    (tmp_path / "wal").mkdir()
    series = drive(time.time() - DAY, seconds=10)

    delivery = Blocks(tmp_path, promtool="no such program").send(series)

    assert delivery.waiting == series.samples
    assert "IRACING_PROMTOOL" in str(delivery.failure)
    assert [path.name for path in tmp_path.iterdir()] == ["wal"]


def test_young_samples_are_no_block(tmp_path: Path) -> None:
    (tmp_path / "wal").mkdir()
    series = drive(time.time() - 60, seconds=10)

    delivery = Blocks(tmp_path).send(series)

    assert (delivery.waiting, delivery.failure) == (series.samples, None)
    assert [path.name for path in tmp_path.iterdir()] == ["wal"]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left"), OSError("No space left on device (os error 28)")],
    ids=["the system's", "polars's"],
)
def test_a_disk_that_is_full_keeps_everything_waiting_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    (tmp_path / "wal").mkdir()

    def full(*_: object) -> int:
        raise error

    monkeypatch.setattr("iracing_pipeline.metrics.history.openmetrics.write", full)
    series = drive(time.time() - DAY, seconds=10)

    delivery = Blocks(tmp_path).send(series)

    assert delivery.waiting == series.samples
    assert "is full" in str(delivery.failure)
    assert [path.name for path in tmp_path.iterdir()] == ["wal"]


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for the program")
@pytest.mark.parametrize("does", ["exit 1", "exit 0"])
def test_a_promtool_that_makes_no_or_few_blocks_gives_none(tmp_path: Path, does: str) -> None:
    (tmp_path / "data" / "wal").mkdir(parents=True)
    program = tmp_path / "promtool"
    program.write_text(f"#!/bin/sh\necho no space left on device >&2\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
    series = drive(time.time() - DAY, seconds=10)

    delivery = Blocks(tmp_path / "data", promtool=str(program)).send(series)

    assert (delivery.accepted, delivery.waiting) == (0, series.samples)
    assert "promtool made" in str(delivery.failure)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["wal"]
