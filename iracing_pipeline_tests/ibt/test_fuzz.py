"""A short run of the fuzzer; ``python -m benchmarks.fuzz_ibt`` is the long one."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks import fuzz_ibt
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    import pytest


def test_damaged_files_break_no_promise(tmp_path: Path) -> None:
    tally = fuzz_ibt.fuzz(1500, seed=7, keep=tmp_path / "kept")
    assert tally.failures == {}
    assert tally.cases > 1500
    assert tally.outcomes["read"] > 300
    assert {"CorruptHeaderError", "TruncatedFileError", "NotTelemetryError"} <= {*tally.outcomes}
    assert tally.behaviours > 50
    assert not (tmp_path / "kept").exists()


def test_what_breaks_a_promise_is_found_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*_: Any, **__: Any) -> pl.DataFrame:
        if next(calls) > len(fuzz_ibt.starts()):
            raise ZeroDivisionError
        return TELEMETRY_LAP.frame()

    calls = count()
    monkeypatch.setattr(fuzz_ibt, "laps", careless)
    tally = fuzz_ibt.fuzz(40, seed=7, keep=tmp_path / "kept")
    (failure,) = tally.failures
    assert failure.startswith("ZeroDivisionError in test_fuzz.py")
    assert len(list((tmp_path / "kept").iterdir())) == 1
