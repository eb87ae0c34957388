"""Downsampling: true times on a grid of whole milliseconds, and nothing made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.metrics.history.channels import (
    DEFAULT,
    MORE,
    ChannelMetric,
    UnknownChannelError,
    chosen,
)
from iracing_pipeline.metrics.history.session import (
    NoTimeError,
    downsample,
    labels,
    track_label,
)
from iracing_pipeline_tests.recordings import START, drive, glitch, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.metrics.history.series import SessionSeries

SPEED = ChannelMetric("Speed", "iracing_speed_meters_per_second", "Speed.", 2**-6)
LAP = ChannelMetric("Lap", "iracing_lap", "Lap.", 1.0)


class Records:
    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.schema = frame.schema

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        return self.frame.select(columns)


def down(
    frame: pl.DataFrame,
    *channels: ChannelMetric,
    hz: int = 10,
    start: datetime = START,
) -> SessionSeries:
    chosen = channels or (SPEED,)
    return downsample(Records(frame), start=start, labels={"session": "s"}, channels=chosen, hz=hz)


def test_times_are_true_and_on_the_grid() -> None:
    frame = drive()
    series = down(frame)

    began = START.timestamp() * 1000
    span = (frame["SessionTime"][-1] - frame["SessionTime"][0]) * 1000
    assert (series.times % 100 == 0).all()
    assert series.times[0] == began
    assert began + span - 100 < series.times[-1] <= began + span + 100
    assert (np.diff(series.times) == 100).all()


def test_a_channel_of_360_hz_gives_its_value_at_the_tick() -> None:
    frame = drive()
    six = frame.with_columns(pl.concat_arr([pl.col("Speed") - 10.0] * 5 + [pl.col("Speed")]))
    six = frame.with_columns(six.to_series(six.columns.index("Speed")).alias("Speed"))

    assert isinstance(six.schema["Speed"], pl.Array)
    assert np.array_equal(down(six).metrics[SPEED.metric][1], down(frame).metrics[SPEED.metric][1])


def test_a_value_is_that_of_the_last_record_before_its_time() -> None:
    frame = drive()
    series = down(frame, LAP)
    since = (frame["SessionTime"] - frame["SessionTime"][0]).to_numpy() * 1000

    for time, value in zip(series.times, series.metrics[LAP.metric][1], strict=True):
        behind = time - START.timestamp() * 1000 - since
        at = int(np.argmin(np.where(behind >= -0.5, behind, np.inf)))
        assert value == frame["Lap"][at]
        assert behind[at] < 100


def test_a_start_between_two_grid_points_is_kept() -> None:
    off = START.replace(microsecond=37_000)

    series = down(drive(), start=off)

    assert series.times[0] == START.timestamp() * 1000 + 100


def test_values_are_rounded_to_their_step() -> None:
    values = down(drive()).metrics[SPEED.metric][1]

    assert np.allclose(values, drive()["Speed"][0], atol=30.0)
    assert (values % SPEED.step == 0).all()


def test_where_there_are_no_records_there_are_no_values() -> None:
    frame = drive()
    gap = pl.concat([frame[:300], frame[900:]])

    missing = np.setdiff1d(down(frame).times, down(gap).times)

    assert len(missing) == pytest.approx(600 / 6, abs=2)
    assert (np.diff(missing) == 100).all()


def test_a_record_in_which_the_car_is_nowhere_is_left_out() -> None:
    frame = drive(hz=10.0)  # one record a grid point

    with_glitch = down(glitch(frame, 50))

    assert len(with_glitch.times) == len(down(frame).times) - 1
    assert (with_glitch.metrics[SPEED.metric][1] > 0).all()


def test_a_clock_that_falls_back_does_not_give_two_values_to_one_time() -> None:
    frame = drive()
    back = where(frame, slice(600, 700), SessionTime=pl.col("SessionTime") - 5.0)

    series = down(back)

    assert (np.diff(series.times) > 0).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e300])
def test_a_time_that_is_none_is_left_out(bad: float) -> None:
    frame = where(drive(), slice(100, 103), SessionTime=bad)

    assert (np.diff(down(frame).times) > 0).all()
    assert len(down(frame).times) > 400


def test_values_that_are_no_numbers_are_missing() -> None:
    frame = where(drive(hz=10.0), slice(10, 20), Speed=float("nan"))
    series = down(frame)

    assert series.samples == len(series.times) - 10


def test_a_channel_that_the_car_lacks_is_left_out_or_taken_from_another() -> None:
    frame = drive().rename({"TrackTempCrew": "TrackTemp"}).drop("AirTemp")

    series = down(frame, *DEFAULT)

    assert "iracing_track_temperature_celsius" in series.metrics
    assert "iracing_air_temperature_celsius" not in series.metrics


def test_a_session_without_times_is_refused() -> None:
    with pytest.raises(NoTimeError, match="SessionTime"):
        down(drive().drop("SessionTime"))


def test_an_empty_session_has_no_samples() -> None:
    assert down(drive().clear()).samples == 0


def test_thinning_keeps_whole_seconds() -> None:
    series = down(drive())
    thin = series.every(1000)

    assert (thin.times % 1000 == 0).all()
    assert len(thin.times) == (series.times % 1000 == 0).sum() > 20


def test_parts_are_all_of_it() -> None:
    series = down(drive(), SPEED, LAP)
    parts = list(series.parts(100))

    assert sum(part.samples for part in parts) == series.samples
    assert np.array_equal(np.concatenate([part.times for part in parts]), series.times)


def test_labels_leave_out_what_is_not_known() -> None:
    assert labels("k", None, "Spa") == {"session": "k", "track": "Spa"}
    assert track_label("Spa", "Grand Prix") == "Spa (Grand Prix)"
    assert track_label("Langley", None) == "Langley"
    assert track_label(None, "Oval") is None


def test_two_dozen_channels_are_sent_by_default() -> None:
    assert len(chosen()) == 24
    assert len({each.metric for each in (*DEFAULT, *MORE)}) == len(DEFAULT) + len(MORE)
    assert [each.channel for each in chosen(("RPM", "Lat"))] == ["RPM", "Lat"]
    assert chosen(("all",)) == (*DEFAULT, *MORE)
    with pytest.raises(UnknownChannelError, match="Speeed"):
        chosen(("Speed", "Speeed"))


def test_steps_are_powers_of_two() -> None:
    assert all(np.log2(each.step) % 1 == 0 for each in (*DEFAULT, *MORE))


def test_the_earliest_recordings_have_times() -> None:
    series = down(drive(), start=datetime(2015, 5, 28, 18, 46, 23, tzinfo=UTC))

    assert series.times[0] == 1432838783000
