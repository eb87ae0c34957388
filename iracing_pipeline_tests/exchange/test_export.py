from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import irsdk
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from iracing_pipeline.cli import main
from iracing_pipeline.demo.car import FORMULA_VALE
from iracing_pipeline.demo.circuits import MILLBROOK
from iracing_pipeline.demo.event import Event
from iracing_pipeline.demo.outing import Outing, write_outing
from iracing_pipeline.demo.plan import Ending, Plan, Session, Start, StartKind
from iracing_pipeline.exchange import motec_ld, motec_ldx
from iracing_pipeline.exchange.motec_ld import Recording
from iracing_pipeline.ibt import Facts, IbtFile
from iracing_pipeline.ingest.export import Format, NothingToExportError, export
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline_tests.exchange.ld_reader import read_ld
from iracing_pipeline_tests.real_files import NEEDS_REAL_FILES, folder
from iracing_pipeline_tests.recordings import START, drive, glitch, where, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "car_track 2026-03-07.ibt"
    write(path, drive((20.0, 21.0)))
    return path


def test_a_motec_file_opens_in_another_reader(recording: Path, tmp_path: Path) -> None:
    ld, ldx = export(IbtFile(recording), tmp_path / "out", Format.MOTEC)
    ld_file = read_ld(ld.read_bytes())
    records = IbtFile(recording).read()

    assert (ld_file.date, ld_file.time) == (f"{START:%d/%m/%Y}", f"{START:%H:%M:%S}")
    assert (ld_file.driver, ld_file.venue) == ("Ada Example", "Somewhere Short")
    assert ld_file.session == "Practice"
    speed = ld_file.channels["Speed"]
    assert speed.rate == 60
    assert np.array_equal(speed.samples, records["Speed"].to_numpy().astype(np.float64))
    assert np.array_equal(ld_file.channels["Lap"].samples, records["Lap"].to_numpy())
    flags = ld_file.channels["SessionFlags"].samples.astype(np.int64) & 0xFFFFFFFF
    assert np.array_equal(flags, records["SessionFlags"].to_numpy())
    torque = ld_file.channels["SteeringWheelTorque_ST"]
    samples = records["SteeringWheelTorque_ST"].to_numpy().astype(np.float64)
    assert torque.rate == 360
    assert np.array_equal(torque.samples, samples.ravel()[5:])
    assert np.array_equal(torque.samples[::6], samples[:, 5])  # beside the records
    beacons = [float(m.get("Time", "")) / 1e6 for m in ET.parse(ldx).iter("Marker")]  # noqa: S314
    assert beacons == pytest.approx([8.0, 28.0, 49.0], abs=0.02)
    details = {s.get("Id"): s.get("Value") for s in ET.parse(ldx).iter("String")}  # noqa: S314
    assert details == {"Total Laps": "4", "Fastest Time": "0:20.000", "Fastest Lap": "2"}


@pytest.mark.parametrize(
    ("lap_time_s", "text"), [(59.9996, "1:00.000"), (59.9994, "0:59.999"), (119.9996, "2:00.000")]
)
def test_the_fastest_time_is_rounded_before_it_is_split(lap_time_s: float, text: str) -> None:
    encoded = motec_ldx.encode([8.0], fastest=(2, lap_time_s)).decode()

    assert f'<String Id="Fastest Time" Value="{text}"/>' in encoded


def test_a_repeated_record_repeats_its_last_sample() -> None:
    records = drive((20.0,))
    gap = pl.concat([records.head(600), records.slice(603)])
    ld = read_ld(motec_ld.encode(gap, {}, Recording(START, "", "", "", "", ""), rate=60))

    every = gap["SteeringWheelTorque_ST"].to_numpy().astype(np.float64)
    expected = np.concatenate(
        [every[:600].ravel(), np.full(18, every[599, 5]), every[600:].ravel()]
    )
    assert np.array_equal(ld.channels["SteeringWheelTorque_ST"].samples, expected[5:])


def test_a_list_that_is_no_time_becomes_a_channel_for_each_value() -> None:
    records = drive((20.0,)).rename({"SteeringWheelTorque_ST": "CarIdxLap"})
    head = Recording(START, "", "", "", "", "")
    channels = read_ld(motec_ld.encode(records, {}, head, rate=60, lists=["CarIdxLap"])).channels

    assert "CarIdxLap" not in channels
    expected = records["CarIdxLap"].arr.get(2).to_numpy().astype(np.float64)
    assert channels["CarIdxLap[2]"].rate == 60
    assert np.array_equal(channels["CarIdxLap[2]"].samples, expected)


def test_a_damaged_width_makes_no_thousands_of_channels() -> None:
    records = drive((20.0,)).with_columns(
        pl.Series("CarIdxLap", np.ones((drive((20.0,)).height, 500)), pl.Array(pl.Float32, 500))
    )
    head = Recording(START, "", "", "", "", "")
    channels = read_ld(motec_ld.encode(records, {}, head, rate=60, lists=["CarIdxLap"])).channels

    assert [name for name in channels if "CarIdx" in name] == ["CarIdxLap"]
    assert channels["CarIdxLap"].rate == 60


def test_dropped_records_leave_no_hole_in_time() -> None:
    records = drive((20.0,))
    gap = pl.concat([records.head(600), records.slice(603)])
    ld = read_ld(motec_ld.encode(gap, {}, Recording(START, "", "", "", "", ""), rate=60))

    clock = ld.channels["SessionTime"].samples
    assert len(clock) == records.height
    assert np.abs(clock - records["SessionTime"].to_numpy()).max() < 3.5 / 60


def test_names_that_ascii_lacks_do_not_break_the_file() -> None:
    head = Recording(START, "Zoë Müller 峠", 'A "fast" car', "x" * 200, "", "")
    ld_file = read_ld(motec_ld.encode(drive((20.0,)), {"Speed": "m/s"}, head, rate=60))

    assert ld_file.driver == "Zo? M?ller ?"
    assert len(ld_file.venue) == 63
    assert ld_file.channels["Speed"].unit == "m/s"
    with pytest.raises(ValueError, match="at least one record"):
        motec_ld.encode(drive((20.0,)).clear(), {}, head, rate=60)


def test_no_lap_no_beacon() -> None:
    root = ET.fromstring(motec_ldx.encode([]))  # noqa: S314 - our own text

    assert list(root.iter("Marker")) == []
    assert [s.get("Value") for s in root.iter("String")] == ["1"]


def test_parquet_keeps_every_channel_and_what_the_file_says(
    recording: Path, tmp_path: Path
) -> None:
    (path,) = export(IbtFile(recording), tmp_path / "out", Format.PARQUET)

    assert pl.read_parquet(path).equals(IbtFile(recording).read())
    facts = Facts.from_metadata(pl.read_parquet_metadata(path))
    assert facts.session_key == IbtFile(recording).session_key
    assert facts.units["SessionTime"] == "s"


def test_one_lap_is_one_file(recording: Path, tmp_path: Path) -> None:
    paths = export(IbtFile(recording), tmp_path / "out", Format.CSV, laps=[6, 7])

    assert [path.name for path in paths] == [
        "car_track 2026-03-07 lap 6.csv",
        "car_track 2026-03-07 lap 7.csv",
    ]
    table = pl.read_csv(paths[0])
    assert set(table["Lap"]) == {6}
    assert table.height == pytest.approx(1200, abs=1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in paths
    )
    with pytest.raises(NothingToExportError, match="no lap 99; it has 5, 6, 7, 8"):
        export(IbtFile(recording), tmp_path / "out", Format.CSV, laps=[99])


def test_csv_has_the_value_at_the_tick_or_every_sample(recording: Path, tmp_path: Path) -> None:
    source, name = IbtFile(recording), "SteeringWheelTorque_ST"
    expected = source.read([name])[name].to_numpy()
    (short,) = export(source, tmp_path / "short", Format.CSV)
    (long,) = export(source, tmp_path / "long", Format.CSV, every_sample=True)

    assert np.array_equal(pl.read_csv(short)[name].cast(pl.Float32), expected[:, 5])
    table = pl.read_csv(long)
    assert name not in table.columns
    for at in range(6):
        assert np.array_equal(table[f"{name}[{at}]"].cast(pl.Float32), expected[:, at])


@pytest.fixture
def two_attempts(tmp_path: Path) -> Path:
    """A lap that was reset, and driven again under the same number."""
    path = tmp_path / "car_track.ibt"
    again = where(drive((20.0,), lap=5, began=200.0), slice(0, 1), Lap=5)
    write(path, glitch(pl.concat([drive((20.0,), lap=5, after=10.0), again]), 2279))
    return path


def test_attempts_of_one_lap_are_files_of_their_own(two_attempts: Path, tmp_path: Path) -> None:
    source = IbtFile(two_attempts)
    laps = analyse(source).laps
    attempts = laps.filter(pl.col("lap_number") == 6)
    assert attempts["stint"].to_list() == [1, 2]

    paths = export(source, tmp_path / "out", Format.CSV, laps=[6])
    assert [path.name for path in paths] == [
        "car_track stint 1 lap 6.csv",
        "car_track stint 2 lap 6.csv",
    ]
    for path, row in zip(paths, attempts.rows(named=True), strict=True):
        assert pl.read_csv(path).height == row["record_count"]
    (one,) = export(source, tmp_path / "one", Format.CSV, laps=[6], stint=2)
    assert one.name == "car_track stint 2 lap 6.csv"
    with pytest.raises(NothingToExportError, match="no stint 7; it has 1, 2"):
        export(source, tmp_path / "none", Format.CSV, stint=7)


def test_the_fastest_lap_of_a_race_is_a_clean_one(tmp_path: Path) -> None:
    """Neither the lap from the green nor one cut short by the flag."""
    plan = Plan(
        Session.RACE,
        laps=3,
        fuel_l=20.0,
        experience_laps=100,
        leader_ahead_s=2.0,
        cooldown_laps=1,
        start=Start(StartKind.PIT_LANE),
        ending=Ending.TRACK,
    )
    outing = Outing(FORMULA_VALE, MILLBROOK, plan, Event(), START)
    file = write_outing(tmp_path, outing, 3)
    best = file.truth.best_lap_time_s
    assert best is not None

    _, ldx = export(IbtFile(file.path), tmp_path / "out", Format.MOTEC)
    tree = ET.parse(ldx)  # noqa: S314
    beacons = [float(m.get("Time", "")) / 1e6 for m in tree.iter("Marker")]
    details = {s.get("Id"): s.get("Value") for s in tree.iter("String")}
    number = int(details["Fastest Lap"] or 0)

    minutes, seconds = divmod(best, 60)
    assert details["Fastest Time"] == f"{int(minutes)}:{seconds:06.3f}"
    # i2 counts the lap before the first beacon as lap 1.
    assert beacons[number - 1] - beacons[number - 2] == pytest.approx(best, abs=2e-3)


def test_exports_say_local_time(tmp_path: Path) -> None:
    path = tmp_path / "car_track 2026-03-07 20-15-33.ibt"
    write(path, drive((20.0, 21.0)))
    ld, _ = export(IbtFile(path), tmp_path, Format.MOTEC)
    ld_file = read_ld(ld.read_bytes())

    assert ld.name == "car_track 2026-03-07 20-15-33 +0100.ld"
    assert (ld_file.date, ld_file.time) == ("07/03/2026", "20:15:33")
    lap, _ = export(IbtFile(path), tmp_path, Format.MOTEC, laps=[7])
    assert read_ld(lap.read_bytes()).time == "20:16:01"  # 28 s later

    moved = path.rename(tmp_path / "car_track 2026-03-07 20-20-33.ibt")
    utc, _ = export(IbtFile(moved), tmp_path, Format.MOTEC)
    assert utc.name == "car_track 2026-03-07 19-15-33 UTC.ld"
    assert read_ld(utc.read_bytes()).time == "19:15:33"


def test_the_command_line_exports(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    run = CliRunner()
    arguments = ["export", str(recording), "--format", "motec", "--lap", "6", "--to"]
    done = run.invoke(main, [*arguments, str(tmp_path / "out")])

    assert done.exit_code == 0, done.output
    assert [line.rpartition(".")[2] for line in done.output.split()] != []
    assert len(read_ld(next((tmp_path / "out").glob("*.ld")).read_bytes()).channels) > 15
    unknown = run.invoke(main, ["export", "20260101T000000Z-ffffffffffff", "--to", str(tmp_path)])
    assert unknown.exit_code == 1
    assert "Error:" in unknown.output
    assert "Traceback" not in unknown.output


@NEEDS_REAL_FILES
def test_every_channel_of_a_360_hz_file_is_what_pyirsdk_reads(tmp_path: Path) -> None:
    root = folder()
    assert root is not None
    path = root / "cases" / "ibt" / "base_channels_360hz.ibt"
    if not path.is_file():
        pytest.skip("no cases beside the real recordings: cases/ibt/base_channels_360hz.ibt")
    source = IbtFile(path)
    table = pl.read_csv(export(source, tmp_path, Format.CSV)[0])
    every = pl.read_csv(export(source, tmp_path / "every", Format.CSV, every_sample=True)[0])
    channels = read_ld(export(source, tmp_path, Format.MOTEC)[0].read_bytes()).channels
    reader = irsdk.IBT()
    reader.open(str(path))

    assert set(table.columns) == set(channels) == set(source.channels)
    for name, channel in source.channels.items():
        values = np.array(reader.get_all(name), np.float64).reshape(len(table), channel.count)
        assert table[name].cast(pl.Float64).to_numpy() == pytest.approx(values[:, -1], rel=1e-7)
        assert channels[name].rate == 60 * channel.count
        assert channels[name].samples == pytest.approx(
            values.ravel()[channel.count - 1 :], rel=1e-6
        )
        for at in range(channel.count if channel.count > 1 else 0):
            assert every[f"{name}[{at}]"].to_numpy() == pytest.approx(values[:, at], rel=1e-7)
    reader.close()
