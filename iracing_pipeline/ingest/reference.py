"""Reference: what iRacing races with, fetched whole and replaced whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.results import reference as read
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.tables import reference as tables
from iracing_pipeline.warehouse import audit, payloads
from iracing_pipeline.warehouse.load import Loaded, upsert
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.data_api.client import Answer
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

    Reader = Callable[[object, Issues], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Pull:
    """One request, and the tables that its answer fills.

    Attributes:
        name: What it pulls.
        kind: Endpoint, as the raw payload is called.
        ask: Makes the request.
        fills: Each table with what reads it.
    """

    name: str
    kind: str
    ask: Callable[[DataApi], Answer]
    fills: tuple[tuple[Table, Reader], ...]


PULLS = (
    Pull("tracks", "track/get", endpoints.tracks, ((tables.TRACK, read.read_tracks),)),
    Pull("cars", "car/get", endpoints.cars, ((tables.CAR, read.read_cars),)),
    Pull(
        "car_classes",
        "carclass/get",
        endpoints.car_classes,
        ((tables.CAR_CLASS, read.read_car_classes),),
    ),
    Pull("series", "series/get", endpoints.series, ((tables.SERIES, read.read_series),)),
    Pull(
        "seasons",
        "series/seasons",
        endpoints.seasons,
        ((tables.SEASON, read.read_seasons), (tables.SEASON_WEEK, read.read_season_weeks)),
    ),
    Pull(
        "licence_levels",
        "lookup/licenses",
        endpoints.licences,
        ((tables.LICENCE_LEVEL, read.read_licence_levels),),
    ),
    Pull(
        "categories",
        "constants/categories",
        lambda api: endpoints.constants(api, "categories"),
        ((tables.CATEGORY, read.read_categories),),
    ),
    Pull(
        "divisions",
        "constants/divisions",
        lambda api: endpoints.constants(api, "divisions"),
        ((tables.DIVISION, read.read_divisions),),
    ),
    Pull(
        "event_types",
        "constants/event_types",
        lambda api: endpoints.constants(api, "event_types"),
        ((tables.EVENT_TYPE, read.read_event_types),),
    ),
)


def pull(
    connection: Connection, api: DataApi, what: Pull, *, run_id: str | None = None
) -> tuple[list[Loaded], Issues]:
    """Fetch one kind of reference and bring its tables up to date, in one transaction.

    What iRacing no longer lists stays: old results point to it.

    Args:
        connection: Not in autocommit.
        api: The Data API.
        what: Kind of reference data.
        run_id: The run, for ``ops.load_audit``.

    Returns:
        What changed, and what was unexpected in the payload.
    """
    issues = Issues()
    body = what.ask(api).payload
    payloads.put(connection, Document(what.kind, "all"), body, source="api")
    loads = [upsert(connection, table, reader(body, issues)) for table, reader in what.fills]
    audit.record(connection, loads, run_id=run_id)
    connection.commit()
    return loads, issues
