from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from iracing_pipeline.cli import main
from iracing_pipeline.exchange import motec_ld, motec_ldx
from iracing_pipeline.exchange.motec_ld import Recording
from iracing_pipeline.ibt import Facts, IbtFile
from iracing_pipeline.ingest.export import Format, NothingToExportError, export
from iracing_pipeline_tests.exchange.ld_reader import read_ld
from iracing_pipeline_tests.recordings import START, drive, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "car_track 2026-03-07.ibt"
    write(path, drive((20.0, 21.0)))
    return path


def test_a_motec_file_opens_in_another_reader(recording: Path, tmp_path: Path) -> None:
    ld, ldx = export(IbtFile(recording), tmp_path / "out", Format.MOTEC)
    found = read_ld(ld.read_bytes())
    records = IbtFile(recording).read()

    assert (found.date, found.time) == (f"{START:%d/%m/%Y}", f"{START:%H:%M:%S}")
    assert (found.driver, found.venue) == ("Ada Example", "Somewhere Short")
    assert found.session == "Practice"
    speed = found.channels["Speed"]
    assert speed.rate == 60
    assert np.array_equal(speed.samples, records["Speed"].to_numpy().astype(np.float64))
    assert np.array_equal(found.channels["Lap"].samples, records["Lap"].to_numpy())
    flags = found.channels["SessionFlags"].samples.astype(np.int64) & 0xFFFFFFFF
    assert np.array_equal(flags, records["SessionFlags"].to_numpy())
    assert "SteeringWheelTorque_ST" not in found.channels
    beacons = [float(m.get("Time", "")) / 1e6 for m in ET.parse(ldx).iter("Marker")]  # noqa: S314
    assert beacons == pytest.approx([8.0, 28.0, 49.0], abs=0.02)
    details = {s.get("Id"): s.get("Value") for s in ET.parse(ldx).iter("String")}  # noqa: S314
    assert details == {"Total Laps": "4", "Fastest Time": "0:20.000", "Fastest Lap": "2"}


def test_dropped_records_leave_no_hole_in_time() -> None:
    records = drive((20.0,))
    gap = pl.concat([records.head(600), records.slice(603)])
    ld = read_ld(motec_ld.encode(gap, {}, Recording(START, "", "", "", "", ""), rate=60))

    clock = ld.channels["SessionTime"].samples
    assert len(clock) == records.height
    assert np.abs(clock - records["SessionTime"].to_numpy()).max() < 3.5 / 60


def test_names_that_ascii_lacks_do_not_break_the_file() -> None:
    head = Recording(START, "Zoë Müller 峠", 'A "fast" car', "x" * 200, "", "")
    found = read_ld(motec_ld.encode(drive((20.0,)), {"Speed": "m/s"}, head, rate=60))

    assert found.driver == "Zo? M?ller ?"
    assert len(found.venue) == 63
    assert found.channels["Speed"].unit == "m/s"
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
