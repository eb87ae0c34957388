"""Remote-write requests, read back by a decoder of another kind."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iracing_pipeline.metrics.history.encode import (
    AFTER_MS,
    FIRST_MS,
    TimeOutOfRangeError,
    gauge_request,
    varint,
    write_request,
)
from iracing_pipeline.metrics.history.series import SessionSeries
from iracing_pipeline_tests.metrics.history.decode import read
from iracing_pipeline_tests.metrics.history.drives import drive

NOW = 1_700_000_000.0


def test_a_request_reads_back() -> None:
    series = drive(NOW, seconds=3)

    result = read(write_request(series))

    assert len(result) == 24
    for labels, samples in result.items():
        assert list(labels) == sorted(labels)
        expected = dict(labels)
        _, values = series.metrics[expected.pop("__name__")]
        assert expected == series.labels
        assert samples == list(zip(values.tolist(), series.times.tolist(), strict=True))


def test_missing_values_are_not_sent() -> None:
    series = drive(NOW, seconds=2, channels=2)
    first, second = series.metrics
    series.metrics[first][1][3:7] = np.nan
    series.metrics[second][1][:] = np.nan

    result = read(write_request(series))

    assert [dict(labels)["__name__"] for labels in result] == [first]
    assert [len(samples) for samples in result.values()] == [16]
    assert series.samples == 16


@settings(max_examples=200, deadline=None)
@given(
    times=st.lists(st.integers(FIRST_MS, AFTER_MS - 1), min_size=1, max_size=20, unique=True).map(
        sorted
    ),
    value=st.floats(allow_nan=False, allow_infinity=False),
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
)
def test_every_time_value_and_label_reads_back(times: list[int], value: float, text: str) -> None:
    channel = next(iter(drive(NOW, channels=1).metrics.values()))[0]
    series = SessionSeries(
        {"car": text}, np.array(times, np.int64), {"m": (channel, np.full(len(times), value))}
    )

    ((labels, samples),) = read(write_request(series)).items()

    assert dict(labels) == {"__name__": "m", "car": text}
    assert samples == [(value, time) for time in times]


@pytest.mark.parametrize("time", [0, FIRST_MS - 1, AFTER_MS, -5])
def test_a_time_that_cannot_be_is_refused(time: int) -> None:
    series = drive(NOW, seconds=1, channels=1)

    with pytest.raises(TimeOutOfRangeError):
        write_request(replace(series, times=np.full(len(series.times), time, np.int64)))


def test_gauges_of_one_moment_read_back() -> None:
    rows = [({"__name__": "a", "car": "Ä"}, 1.5), ({"__name__": "b", "none": ""}, math.inf)]

    result = read(gauge_request(rows, 1_700_000_000_123))

    assert result == {
        (("__name__", "a"), ("car", "Ä")): [(1.5, 1_700_000_000_123)],
        (("__name__", "b"),): [(math.inf, 1_700_000_000_123)],
    }


def test_varints() -> None:
    assert [varint(n) for n in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\1", b"\xac\2"]
