from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.telemetry import assets, sensors
from iracing_pipeline.defs.telemetry.partitions import RANGE_END, RANGE_START, ranges
from iracing_pipeline.defs.telemetry.sensors import PURPOSE
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline_tests.defs.conftest import PARTITIONS

if TYPE_CHECKING:
    from iracing_pipeline.ingest.telemetry import Source, Telemetry
    from iracing_pipeline_tests.defs.conftest import Pipeline


def requested(pipeline: Pipeline) -> list[list[str]]:
    """The partitions of each run that was asked for."""
    order = pipeline.keys
    return [
        order[order.index(run.tags[RANGE_START]) : order.index(run.tags[RANGE_END]) + 1]
        for run in pipeline.requests
    ]


def fail_requested(pipeline: Pipeline, *, twice: bool = False) -> list[int]:
    """Let all runs that were asked for begin and come to nothing; how many files each had."""
    sizes = [len(keys) for keys in requested(pipeline)]

    def fall(*_: object, **__: object) -> None:
        raise dg.Failure("its process was killed", allow_retries=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "analyse", fall)
        if twice:  # as Dagster does with one whose process was killed
            pipeline.requests += pipeline.requests
        assert not any(result.success for result in pipeline.run())
    pipeline.time_passes(31)
    return sizes


def attempts(pipeline: Pipeline) -> set[int]:
    """Return the attempts at each file."""
    return {row["attempts"] for row in pipeline.rows("SELECT attempts FROM ops.telemetry_file")}


def test_a_look_at_an_empty_folder_asks_for_nothing(pipeline: Pipeline) -> None:
    answer = pipeline.tick()

    assert isinstance(answer, dg.SkipReason)
    assert "0 files known" in str(answer.skip_message)


def test_files_are_asked_for_once_in_ranges_of_a_few_runs(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "_FILES_A_RUN", (3, 1))
    for number in range(7):
        pipeline.record(f"{number}.ibt")

    answer = pipeline.tick()

    assert isinstance(answer, dg.SensorResult)
    assert [len(keys) for keys in requested(pipeline)] == [3, 3, 1]
    assert sorted(key for keys in requested(pipeline) for key in keys) == sorted(pipeline.keys)
    assert all(run.tags.items() >= PURPOSE.items() for run in pipeline.requests)
    assert len({run.run_key for run in pipeline.requests}) == 3
    assert set(pipeline.states.values()) == {"ready"}
    assert attempts(pipeline) == {0}, "no run has begun"
    assert isinstance(pipeline.tick(), dg.SkipReason), "they have been asked for"

    pipeline.run()

    assert set(pipeline.states.values()) == {"loaded"}
    assert attempts(pipeline) == {1}
    answer = pipeline.tick()
    assert isinstance(answer, dg.SkipReason)
    assert "7 files known, 0 still being written, 0 being loaded" in str(answer.skip_message)


def test_a_backlog_is_asked_for_over_several_ticks(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "_FILES_A_RUN", (1,))
    monkeypatch.setattr(sensors, "_MOST_RUNS", 2)
    for number in range(5):
        pipeline.record(f"{number}.ibt")

    asked = []
    for _ in range(4):
        pipeline.tick()
        asked.append(len(pipeline.requests))

    assert asked == [2, 4, 5, 5]


def test_new_files_between_old_ones_make_ranges_of_their_own(pipeline: Pipeline) -> None:
    for name in ("b.ibt", "d.ibt"):
        pipeline.record(name)
    pipeline.load()
    old = pipeline.keys
    pipeline.record("b.ibt", laps=4)
    pipeline.record("c.ibt")
    pipeline.tick()
    pipeline.time_passes(5)
    pipeline.tick()

    assert {pipeline.key_of("b.ibt")} <= set(old)
    assert sorted(key for keys in requested(pipeline) for key in keys) == sorted(
        [pipeline.key_of("b.ibt"), pipeline.key_of("c.ibt")]
    )


def test_ranges_cover_exactly_what_is_asked_for() -> None:
    order = list("abcdefgh")

    tags = ranges(["h", "b", "c", "a", "f", "c"], order, most=2)

    spans = [(tag[RANGE_START], tag[RANGE_END]) for tag in tags]
    assert spans == [("a", "b"), ("c", "c"), ("f", "f"), ("h", "h")]
    assert ranges([], order) == []


def test_a_file_whose_run_came_to_nothing_is_tried_alone_and_then_put_aside(
    pipeline: Pipeline,
) -> None:
    for number in range(9):
        pipeline.record(f"{number}.ibt")
    pipeline.tick()
    assert fail_requested(pipeline, twice=True) == [9]
    assert attempts(pipeline) == {1}, "a run that is launched again is the same attempt"
    pipeline.tick()
    assert fail_requested(pipeline) == [7, 2], "smaller runs"
    pipeline.record("new.ibt")
    pipeline.tick()
    assert sorted(fail_requested(pipeline)) == [1] * 10, "alone; a new one is not held up"
    pipeline.tick()

    states = pipeline.states
    assert states.pop("new.ibt") == "ready"
    assert set(states.values()) == {"quarantined"}
    entries = pipeline.rows("SELECT DISTINCT reason, advice, error_type FROM ops.quarantine")
    assert len(entries) == 1
    assert entries[0]["reason"] == "3 runs ended without loading it"
    assert "materialize its partition again" in entries[0]["advice"]

    result = pipeline.materialize(pipeline.key_of("0.ibt"))

    assert result.success
    assert pipeline.states["0.ibt"] == "loaded"
    (entry,) = pipeline.rows("SELECT item FROM ops.quarantine WHERE resolved_at IS NOT NULL")
    assert entry["item"].endswith("0.ibt")


def run_here(keys: list[str], tags: dict[str, str]) -> None:
    """Make a run in this process, which does not survive a file called bad.ibt."""

    def die(source: Source, *, at_least: int) -> Telemetry:
        if isinstance(source, IbtFile) and source.path.name == "bad.ibt":
            os._exit(137)  # as one that is killed: nothing is caught, closed or written
        return analyse(source, at_least=at_least)

    with dg.DagsterInstance.ephemeral() as instance, pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "analyse", die)
        instance.add_dynamic_partitions(PARTITIONS, keys)
        defs.resolve_job_def("load_telemetry").execute_in_process(instance=instance, tags=tags)


def test_a_file_that_kills_the_process_of_its_runs_is_put_aside(pipeline: Pipeline) -> None:
    for name in ("bad.ibt", "good.ibt"):
        pipeline.record(name)
    spawn = multiprocessing.get_context("spawn")

    codes = []
    for _ in range(3):
        assert isinstance(pipeline.tick(), dg.SensorResult)
        for request in pipeline.requests:
            process = spawn.Process(target=run_here, args=(pipeline.keys, dict(request.tags)))
            process.start()
            process.join()
            codes.append(process.exitcode or 0)
        pipeline.requests.clear()
        pipeline.time_passes(31)
    pipeline.tick()

    assert sorted(codes) == [0, 137, 137, 137], "at last each was tried alone"
    assert pipeline.states == {"bad.ibt": "quarantined", "good.ibt": "loaded"}
    (entry,) = pipeline.rows("SELECT file_name, reason FROM ops.quarantine")
    assert entry == {"file_name": "bad.ibt", "reason": "3 runs ended without loading it"}


def test_a_file_that_changed_before_its_run_began_has_not_been_tried(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.tick()
    pipeline.rows("UPDATE ops.telemetry_file SET requested_at = NULL")  # as a look at it does

    fail_requested(pipeline)

    assert attempts(pipeline) == {0}


def test_runs_that_never_began_are_no_attempts(pipeline: Pipeline) -> None:
    for name in ("a.ibt", "b.ibt"):
        pipeline.record(name)

    for _ in range(4):
        pipeline.tick()
        assert [len(keys) for keys in requested(pipeline)] == [2], "no smaller run"
        run = pipeline.instance.create_run_for_job(
            job(), status=dg.DagsterRunStatus.STARTING, tags=dict(pipeline.requests[0].tags)
        )
        pipeline.requests.clear()
        pipeline.instance.report_run_failed(run, "It took longer than 300 seconds to start.")
        pipeline.time_passes(400)

    assert pipeline.states == {"a.ibt": "ready", "b.ibt": "ready"}
    assert attempts(pipeline) == {0}
    assert pipeline.rows("SELECT * FROM ops.quarantine") == []
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}


def test_a_disk_that_stays_full_puts_no_file_aside(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.ibt", "b.ibt"):
        pipeline.record(name)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("iracing_pipeline.lake.atomic.publish", full)
        for _ in range(2):
            (result,) = pipeline.load()
            assert not result.success
            pipeline.time_passes(60)
            assert attempts(pipeline) == {0}, "they may be tried as often as new ones"
            for message in pipeline.rows("SELECT note FROM ops.telemetry_file"):
                assert "No space left" in message["note"]

    assert pipeline.states == {"a.ibt": "ready", "b.ibt": "ready"}
    assert pipeline.rows("SELECT * FROM ops.quarantine") == []
    assert pipeline.frames() == {}
    (result,) = pipeline.load()
    assert result.success
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}


def test_what_the_disk_has_no_room_for_is_not_asked_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = pipeline.record("a.ibt").stat().st_size
    pipeline.record("b.ibt", laps=9)
    free = [small - 1]
    monkeypatch.setattr("iracing_pipeline.lake.Lake.free_bytes", lambda _: free[0])

    answer = pipeline.tick()
    assert isinstance(answer, dg.SkipReason)
    assert "2 files wait" in str(answer.skip_message)
    free[0] = small
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "ready"}
    free[0] = 1 << 40
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}


def test_a_request_is_not_repeated_while_a_run_is_to_come(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.tick()
    assert isinstance(pipeline.tick(), dg.SkipReason), "its run may not have been created yet"
    run = pipeline.instance.create_run_for_job(
        job(), status=dg.DagsterRunStatus.STARTING, tags=dict(pipeline.requests[0].tags)
    )
    pipeline.time_passes(60)

    assert isinstance(pipeline.tick(), dg.SkipReason), "it is about to begin"
    pipeline.instance.report_run_failed(run)
    assert isinstance(pipeline.tick(), dg.SensorResult)


def job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None:
        pass

    @dg.job(name="load_telemetry")
    def load_telemetry() -> None:
        nothing()

    return load_telemetry


def test_one_bad_file_does_not_hold_up_the_others(pipeline: Pipeline) -> None:
    pipeline.record("good.ibt")
    (pipeline.folder / "bad.ibt").write_bytes(b"no telemetry")
    pipeline.load()
    assert pipeline.states == {"bad.ibt": "waiting", "good.ibt": "loaded"}

    pipeline.time_passes(60)
    pipeline.record("later.ibt")
    pipeline.load()

    assert pipeline.states == {
        "bad.ibt": "quarantined",
        "good.ibt": "loaded",
        "later.ibt": "loaded",
    }
    (entry,) = pipeline.rows("SELECT item, occurrences FROM ops.quarantine")
    assert entry["item"].endswith("bad.ibt")
    pipeline.tick()
    (entry,) = pipeline.rows("SELECT occurrences FROM ops.quarantine")
    assert entry == {"occurrences": 1}


def test_a_folder_that_vanishes_is_said_and_taken_up_again(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    away = pipeline.folder.with_name("away")
    pipeline.folder.rename(away)

    answer = pipeline.tick()

    assert isinstance(answer, dg.SkipReason)
    assert "cannot be read" in str(answer.skip_message)
    assert pipeline.states == {"a.ibt": "loaded"}
    away.rename(pipeline.folder)
    pipeline.record("b.ibt")
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}


def test_an_emptied_folder_loses_no_rows(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    shutil.rmtree(pipeline.folder)
    pipeline.folder.mkdir()

    pipeline.tick()

    assert pipeline.states == {"a.ibt": "missing"}
    assert pipeline.laps() == {"a.ibt": 4}


def test_a_copy_is_not_loaded_twice(pipeline: Pipeline) -> None:
    path = pipeline.record("a.ibt")
    pipeline.load()
    shutil.copy2(path, pipeline.folder / "copy.ibt")

    assert isinstance(pipeline.tick(), dg.SkipReason)
    assert pipeline.states == {"a.ibt": "loaded", "copy.ibt": "duplicate"}
