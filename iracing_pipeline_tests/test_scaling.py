"""Commands of docs/scaling.md work as described."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from iracing_pipeline.warehouse import migrate
from iracing_pipeline_tests.defs.conftest import Pipeline, pipeline

__all__ = ["pipeline"]

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="not in a checkout")


def block(heading: str, language: str, number: int = 0) -> str:
    """A block of code under a heading."""
    section = (
        PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    )
    blocks = re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(blocks[number])


def run(pipeline: Pipeline, statements: str) -> None:
    with psycopg.connect(pipeline.database, autocommit=True) as connection:
        connection.execute(statements.encode())


def places(pipeline: Pipeline) -> dict[str, int]:
    """Traces by the table that they are in."""
    rows = pipeline.rows(
        "SELECT tableoid::regclass::text AS name, count(*) FROM racing.lap_trace GROUP BY 1"
    )
    return {row["name"]: row["count"] for row in rows}


def test_traces_can_be_partitioned_dropped_by_the_month_and_had_back(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    assert places(pipeline) == {"racing.lap_trace": 2}

    run(pipeline, block("Traces by month", "sql"))
    assert migrate(pipeline.database), "the views are made again"
    pipeline.record("b.ibt", start=datetime(2027, 2, 7, 19, 15, 33, tzinfo=UTC))
    pipeline.load()

    assert places(pipeline) == {"racing.lap_trace_past": 2, "racing.lap_trace_202702": 2}
    shown = "SELECT DISTINCT session_key FROM grafana.lap_trace_points ORDER BY 1"
    assert [row["session_key"] for row in pipeline.rows(shown)] == sorted(pipeline.keys)
    (again,) = [pipeline.materialize(key) for key in pipeline.keys[-1:]]
    assert again.success
    written = "SELECT sum(rows_inserted), sum(rows_updated) FROM ops.load_audit WHERE run_id = '{}'"
    assert pipeline.rows(written.format(again.run_id)) == [{"sum": 0}]

    run(pipeline, block("Traces by month", "sql", 1))
    assert places(pipeline) == {"racing.lap_trace_past": 2}
    assert pipeline.laps() == {"a.ibt": 4, "b.ibt": 4}
    assert pipeline.materialize(pipeline.keys[-1]).success
    assert places(pipeline) == {"racing.lap_trace_past": 2, "racing.lap_trace_other": 2}


def test_the_database_forgets_files_that_are_gone_and_old_books(pipeline: Pipeline) -> None:
    gone = pipeline.record("gone.ibt")
    pipeline.record("here.ibt")
    pipeline.load()
    gone.unlink()
    pipeline.tick()
    forget = block("Prune the database", "sql")

    run(pipeline, forget)
    assert pipeline.states == {"gone.ibt": "missing", "here.ibt": "loaded"}, "it is not long ago"
    pipeline.rows("UPDATE ops.telemetry_file SET last_seen_at = last_seen_at - interval '31 days'")
    pipeline.rows(
        "UPDATE ops.load_audit SET started_at = started_at - interval '91 days',"
        " finished_at = finished_at - interval '91 days'"
    )
    run(pipeline, forget)

    assert pipeline.states == {"here.ibt": "loaded"}
    assert pipeline.laps() == {"gone.ibt": 4, "here.ibt": 4}
    assert pipeline.rows("SELECT FROM ops.load_audit") == []


def test_dagster_forgets_and_a_file_that_comes_back_is_loaded(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "dagster home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        pipeline.instance = instance
        pipeline.record("a.ibt")
        (loaded,) = pipeline.load()
        (key,) = pipeline.keys
        script = block("Prune Dagster's storage", "python").replace("days=7", "days=-1")
        # The recording is of March 2026, which may lie in the future of a machine's clock.
        exec(compile(script.replace("%Y%m%d", "9"), "scaling.md", "exec"), {})  # noqa: S102 - our own page

        assert pipeline.keys == []
        assert instance.get_run_by_id(loaded.run_id) is None
        assert pipeline.laps() == {"a.ibt": 4}
        pipeline.rows("UPDATE ops.telemetry_file SET state = 'ready', requested_at = NULL")
        (again,) = pipeline.load()

        assert again.success
        assert pipeline.keys == [key]
