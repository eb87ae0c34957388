"""Collecting as a scheduler does it: once, without a UI, and safe to overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from iracing_pipeline import cli
from iracing_pipeline.data_api import MaintenanceError
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, Fault, Faults
from iracing_pipeline.local import collect as collection
from iracing_pipeline.settings import SettingsError
from iracing_pipeline.warehouse import Warehouse, run_lock
from iracing_pipeline_tests.simulated_api import use

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings

CAREER = Career(season_count=2, races_per_season=3, field=(5, 6), laps=(3, 4))
QUOTA = 100_000


def collect(
    settings: Settings, *, all_seasons: bool = False
) -> tuple[collection.Collected | None, list[str]]:
    lines: list[str] = []
    return collection.collect(settings, lines.append, all_seasons=all_seasons), lines


def test_a_career_is_collected_once_and_then_only_what_is_new(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = sum(not race.forbidden for race in CAREER.races)
    with FakeDataApi(CAREER, quota=QUOTA) as server:
        use(server, monkeypatch)
        first, message = collect(settings, all_seasons=True)
        asked = server.requests
        again, said_again = collect(settings)
        asked_again = server.requests - asked

    assert first is not None
    assert first.failed == {}
    assert set(map(str, CAREER.seasons)) <= set(first.seasons)
    assert (first.new_races, first.races) == (seen, seen)
    assert message[0] == "Pulling tracks, cars, series and seasons"
    assert message[-1] == "Bringing the ratings up to date"
    # One refusal of a hidden race proves nothing: it is requested again, and nothing else is.
    hidden = [race for race in CAREER.races if race.forbidden]
    assert again is not None
    assert set(again.seasons) == {str(race.season) for race in hidden}
    assert (again.new_races, again.races, again.failed) == (0, seen, {})
    assert said_again[0] == "Looking for new results"
    ratings = 15
    assert asked_again == 3 + len(hidden) + ratings  # who the member is, and what finished
    with Warehouse(database).connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM racing.lap), (SELECT count(*) FROM racing.track),"
            " (SELECT count(*) FROM racing.rating_history WHERE source = 'result')"
        ).fetchone()
    assert row is not None
    assert all(row)


def test_a_collection_leaves_when_another_is_at_work(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDataApi(CAREER, quota=QUOTA) as server:
        use(server, monkeypatch)
        with Warehouse(database).connect(autocommit=True) as other:
            assert run_lock.take(other, collection.WORK)
            assert collect(settings) == (None, [])
            outcome = CliRunner().invoke(cli.main, ["collect"])
            assert server.requests == 0
        # Its connection is closed, as that of a killed one is: the next one works.
        after = CliRunner().invoke(cli.main, ["collect"])

    assert (outcome.exit_code, outcome.output) == (
        0,
        "Another collection is running on this database: nothing to do.\n",
    )
    assert after.exit_code == 0, after.output
    assert after.output.endswith("are in the database.\n")


def test_maintenance_ends_it_at_once_and_with_a_message(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDataApi(CAREER, faults=Faults({Fault.MAINTENANCE: 1.0})) as server:
        use(server, monkeypatch)
        with pytest.raises(MaintenanceError):
            collect(settings)
        outcome = CliRunner().invoke(cli.main, ["collect"])
        assert server.requests == 2

    assert outcome.exit_code == 1
    assert "maintenance" in outcome.output


def test_a_run_that_fails_is_told_and_the_others_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise ValueError("no history today")

    assert settings.home.is_dir()
    monkeypatch.setattr("iracing_pipeline.defs.ratings.assets.rebuild_ratings", broken)
    with FakeDataApi(CAREER, quota=QUOTA) as server:
        use(server, monkeypatch)
        outcome = CliRunner().invoke(cli.main, ["collect", "--all-seasons"])

    seen = sum(not race.forbidden for race in CAREER.races)
    assert outcome.exit_code == 1
    assert "update_ratings failed: ValueError: no history today" in outcome.output
    assert f"{seen} new races; {seen} are in the database." in outcome.output


def test_without_an_account_it_says_what_to_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IRACING_CLIENT_ID", "IRACING_CLIENT_ID_FILE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError, match="IRACING_CLIENT_ID is not set"):
        collect(settings)
