"""The demo season in a separate database, loaded by the functions that the assets call.

Without Dagster and a simulated Data API it takes a fraction of the time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.data_api.backfill import EVENTS, LAPS, RESULT
from iracing_pipeline.demo.fake_data_api import Career
from iracing_pipeline.demo.fake_data_api.documents import document
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.season import SEED, season
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.inbox.telemetry_folder import State, TelemetryFile
from iracing_pipeline.ingest import (
    figures,
    lap_analysis,
    members,
    race_what_ifs,
    races,
    results,
    telemetry,
)
from iracing_pipeline.lake import Lake
from iracing_pipeline.warehouse import Warehouse, inventory, migrate, payloads
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.demo.fake_data_api.career import Race
    from iracing_pipeline.warehouse import Connection

RACES = 24
"""Races of the career that are loaded: the last, and those that files were recorded in."""


@dataclass(frozen=True, slots=True)
class Garage:
    """The demo season, loaded.

    Attributes:
        url: The database, as its owner.
        home: The data folder.
        career: The career that its races are of.
    """

    url: str
    home: Path
    career: Career

    @property
    def races(self) -> list[Race]:
        """The races of the career that are loaded: the last, and those that files are of."""
        chosen = [race for race in self.career.races if race.pinned is not None]
        chosen += [race for race in self.career.races[-RACES:] if not race.forbidden]
        return list({race.subsession_id: race for race in chosen}.values())

    @property
    def lake(self) -> Lake:
        """The lake in the data folder."""
        return Lake(self.home / "lake", durable=False)


def load_garage(url: str, home: Path) -> Garage:
    """Load the season's files and the career's last races into an empty database."""
    migrate(url)
    garage = Garage(url, home, Career())
    with Warehouse(url).connect() as connection:
        _load_files(connection, garage)
        _load_races(connection, garage)
        members.rebuild_ratings(connection, run_id="ratings")
        connection.commit()
        for rebuild in (
            figures.rebuild_car_tracks,
            figures.rebuild_race_plans,
            figures.rebuild_consistency_trends,
            figures.rebuild_setup_comparisons,
            figures.rebuild_rating_outlook,
        ):
            rebuild(connection, run_id="figures")
            connection.commit()
        races.analyse_due_races(connection, run_id="races")
        race_what_ifs.simulate_due_what_ifs(connection, run_id="races")
        refused = connection.execute("SELECT item, reason FROM ops.quarantine").fetchall()
    assert not refused, refused
    return garage


def load_file(connection: Connection, lake: Lake, path: Path, *, run_id: str = "files") -> str:
    """Load one file, as the asset does; its session key."""
    file = IbtFile(path)
    result = telemetry.analyse(file)
    telemetry.store_frames(lake, file)
    track = lap_analysis.kept(connection, result.track_id)
    analysed = lap_analysis.analyse_laps(result, track)
    uri = lake.uri(telemetry.KIND, file.session_key, telemetry.FRAMES)
    telemetry.load(connection, result, frames_uri=uri, left_out=analysed.left_out, run_id=run_id)
    lap_analysis.load(connection, file.session_key, analysed, run_id=run_id)
    inventory.write(connection, [_inventory(path, file)])
    connection.commit()
    return str(file.session_key)


def _load_files(connection: Connection, garage: Garage) -> None:
    folder = garage.home / "telemetry"
    folder.mkdir(parents=True, exist_ok=True)
    for number, outing in enumerate(season(), start=1):
        write_outing(folder, outing, SEED + number)
    for path in sorted(folder.glob("*.ibt")):
        load_file(connection, garage.lake, path)
    rows = connection.execute("SELECT DISTINCT track_id FROM racing.telemetry_session").fetchall()
    tracks = {row[0] for row in rows if row[0] is not None}
    for key in lap_analysis.outdated(connection, tracks):
        result = telemetry.analyse(telemetry.StoredFrames(garage.lake, key))
        track = lap_analysis.kept(connection, result.track_id)
        analysed = lap_analysis.analyse_laps(result, track)
        lap_analysis.load(connection, key, analysed, run_id="again")
        connection.commit()


def _load_races(connection: Connection, garage: Garage) -> None:
    for race in garage.races:
        _put_race(connection, garage.career, race)
    numbers = sorted(race.subsession_id for race in garage.races)
    results.load_subsessions(connection, numbers, run_id="results")
    connection.commit()


def _put_race(connection: Connection, career: Career, race: Race) -> None:
    number = str(race.subsession_id)
    whose = {"subsession_id": number, "simsession_number": "0"}
    now = time.time()
    result = document(career, RESULT, whose, now)
    payloads.put(connection, Document(RESULT, number), result, source="api")
    for kind in (LAPS, EVENTS):
        header, rows = document(career, kind, whose, now)
        body: dict[str, Any] = {"header": header, "rows": rows}
        payloads.put(connection, Document(kind, number), body, source="api")


def _inventory(path: Path, file: IbtFile) -> TelemetryFile:
    result = path.stat()
    now = datetime.now(UTC)
    return TelemetryFile(
        path=str(path),
        file_name=path.name,
        size_bytes=result.st_size,
        modified_at=datetime.fromtimestamp(result.st_mtime, UTC),
        session_key=str(file.session_key),
        state=State.LOADED,
        unchanged_since=now,
        first_seen_at=now,
        last_seen_at=now,
        record_count=file.record_count,
        note=None,
        requested_at=None,
        attempts=1,
    )
