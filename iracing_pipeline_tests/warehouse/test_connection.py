from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest

from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse.connection import Warehouse, database_url
from iracing_pipeline.warehouse.errors import UnavailableError
from iracing_pipeline.warehouse.reader import reader_url

SECRET = "hunter2"  # noqa: S105 - no secret, but what must not be shown


def settings(url: str) -> Settings:
    folder = Path("unused")
    return Settings(folder, folder, folder, database_url=url, lake="unused")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:{SECRET}@no-such-host.invalid/nothing",
        f"postgresql://me:{SECRET}@/nothing?host=/no/such/folder",
        # Passwords whose odd characters were not percent-encoded.
        f"postgresql://me:a@{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:a/{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:a?{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:a#{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:%zz{SECRET}@127.0.0.1:1/nothing",
        f"postgresql://me:{SECRET}@127.0.0.1:port/nothing",
        f"postgresql://me:{SECRET}@127.0.0.1:1/nothing?nonsense=1",
        f"postgresql://me@127.0.0.1:1/nothing?password={SECRET}",
        f"postgresql://[me:{SECRET}@127.0.0.1/nothing",
        f"mysql://me:{SECRET}@127.0.0.1/nothing",
    ],
)
def test_no_error_shows_the_password(url: str) -> None:
    with pytest.raises(UnavailableError) as caught, Warehouse(url).connect():
        pass
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - our own


def test_wrong_password_is_refused_without_showing_it(database: str) -> None:
    warehouse = Warehouse(database)
    password = database.split(":")[2].partition("@")[0]
    with (
        pytest.raises(UnavailableError, match="password authentication failed") as caught,
        Warehouse(database.replace(password, SECRET)).connect(),
    ):
        pass
    assert SECRET not in str(caught.value)
    assert password not in repr(warehouse)


def test_connection_commits_at_the_end_and_closes(database: str) -> None:
    warehouse = Warehouse(database, application_name="a test")
    with warehouse.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT current_setting('application_name')")
    assert connection.closed
    with warehouse.connect() as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [("a test",)]


def test_connection_rolls_back_on_an_error(database: str) -> None:
    warehouse = Warehouse(database)

    def fail() -> None:
        with warehouse.connect() as connection:
            connection.execute("CREATE TABLE kept ()")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with warehouse.connect() as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_database_of_ones_own_is_taken_as_it_is() -> None:
    own = settings("postgresql://me:secret@db.example:6543/laps?sslmode=require")
    assert database_url(own) == own.database_url
    assert reader_url(own) == "postgresql://grafana_reader@db.example:6543/laps?sslmode=require"
    assert reader_url(own, password="a/b@c") == (  # noqa: S106 - a test's own
        "postgresql://grafana_reader:a%2Fb%40c@db.example:6543/laps?sslmode=require"
    )
