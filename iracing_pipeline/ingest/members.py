"""The member: who it is, and the rating history from every source there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.endpoints import ChartType
from iracing_pipeline.data_api.errors import DataApiError
from iracing_pipeline.ingest import documents
from iracing_pipeline.ingest.results import store_members
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.ratings import (
    CATEGORIES,
    chart_points,
    member_points,
    read_career,
    read_member,
    read_yearly,
    result_points,
    stitch_road,
    telemetry_points,
)
from iracing_pipeline.tables.ratings import CAREER, RATING_HISTORY, YEARLY
from iracing_pipeline.tables.results import OWN_MEMBER, RESULT, SUBSESSION
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit, payloads
from iracing_pipeline.warehouse.load import Loaded, replace, replace_whole
from iracing_pipeline.warehouse.payloads import Document
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.data_api.client import Answer
    from iracing_pipeline.warehouse.connection import Connection

ACCOUNT = "account"
INFO, CHART = "member/info", "member/chart_data"
CAREER_KIND, YEARLY_KIND = "stats/member_career", "stats/member_yearly"
CHARTS = (ChartType.IRATING, ChartType.LICENCE)


@dataclass(slots=True)
class RatingOutcome:
    """Result of rebuilding a rating history.

    Attributes:
        cust_ids: The members; empty when nobody is known.
        points: Points of the history, by source.
        loads: Changes.
        issues: Unexpected content of the payloads.
    """

    cust_ids: list[int] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)
    loads: list[Loaded] = field(default_factory=list)
    issues: Issues = field(default_factory=Issues)


@dataclass(slots=True)
class MemberOutcome:
    """Result of fetching a member's own data.

    Attributes:
        cust_id: The member.
        received: Documents received.
        problems: Why others were not, by document.
    """

    cust_id: int
    received: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def fetch_member(
    connection: Connection, api: DataApi, now: datetime | None = None
) -> MemberOutcome:
    """Fetch the token's member, with ratings and totals; each document separately.

    A document that is refused is noted as wanted, and requested again at the time its row says.

    Args:
        connection: In autocommit.
        api: The Data API.
        now: The present. Default: the machine's clock.

    Raises:
        DataApiError: If the member is not known, or nothing more is to be asked.
    """
    account = payloads.get(connection, Document(ACCOUNT, api.url))
    outcome = MemberOutcome(int(account["cust_id"]) if account else 0)
    try:
        outcome.cust_id = _introduce(connection, api)[0]
        outcome.received += 1
    except DataApiError as error:
        if account is None or documents.stops(error):
            raise
        outcome.problems[INFO] = str(error)
    cust_id, item = outcome.cust_id, str(outcome.cust_id)
    moment = now or datetime.now(UTC)
    requests: list[tuple[Document, Callable[[], Answer]]] = [
        (
            Document(CHART, f"{item}/{category}", chart.value),
            partial(endpoints.chart_data, api, cust_id, category, chart),
        )
        for category in CATEGORIES
        for chart in CHARTS
    ]
    requests.append((Document(CAREER_KIND, item), partial(endpoints.career, api, cust_id)))
    requests.append((Document(YEARLY_KIND, item), partial(endpoints.yearly, api, cust_id)))
    for document, ask in requests:
        problem = documents.fetch(connection, document, ask, moment)
        if problem is None:
            outcome.received += 1
        else:
            outcome.problems[f"{document.kind} {document.item}/{document.part}"] = problem
    return outcome


def own_cust_id(connection: Connection, api: DataApi | None = None) -> int | None:
    """Return the own member: the account's, else the first of :func:`own_cust_ids`.

    Args:
        connection: Connection to read from.
        api: Whose account; it is asked once, when its member is not known yet.
    """
    if api is not None:
        account = payloads.get(connection, Document(ACCOUNT, api.url))
        return int(account["cust_id"]) if account else _introduce(connection, api)[0]
    return next(iter(own_cust_ids(connection)), None)


def own_cust_ids(connection: Connection) -> list[int]:
    """Return the own members; empty while none is known.

    A setting says it, else an account, else the telemetry (its most frequent driver), else the
    downloads of the Results Archive that name their member.
    """
    rows = connection.execute(
        "SELECT cust_id FROM racing.own_member WHERE origin = 'setting' ORDER BY cust_id"
    ).fetchall()
    return [row[0] for row in rows] or _learned(connection)[1]


def store_own_members(connection: Connection, member: str | None) -> list[int]:
    """Store the own members, for the views.

    Args:
        connection: Connection with the caller's transaction.
        member: What ``IRACING_MEMBER`` says: a customer id, or a name as results show it.
    """
    set_id = None if member is None else _cust_id_of(connection, member)
    origin, cust_ids = ("setting", [set_id]) if set_id is not None else _learned(connection)
    stored = connection.execute("SELECT cust_id, origin FROM racing.own_member").fetchall()
    if set(stored) != {(each, origin) for each in cust_ids}:
        frame = OWN_MEMBER.frame({"cust_id": each, "origin": origin} for each in cust_ids)
        replace_whole(connection, OWN_MEMBER, frame)
    return cust_ids


def _learned(connection: Connection) -> tuple[str, list[int]]:
    """The members that an account, telemetry or an archive names, and which of these."""
    accounts = payloads.of_items(connection, [ACCOUNT], payloads.items_of(connection, ACCOUNT))
    if accounts:
        return "account", sorted({int(body["cust_id"]) for _, _, body in accounts})
    for origin, query in (("telemetry", _OF_TELEMETRY), ("archive", _OF_ARCHIVES)):
        row = connection.execute(query).fetchone()
        if row is not None:
            return origin, [int(row[0])]
    return "archive", []


_OF_TELEMETRY = """
SELECT cust_id FROM racing.telemetry_session WHERE cust_id IS NOT NULL
GROUP BY cust_id ORDER BY count(*) DESC, cust_id LIMIT 1
"""
# Every row of a member's own archive names that member.
_OF_ARCHIVES = """
SELECT body ->> 'cust_id' AS cust_id FROM raw.payload
WHERE kind = 'archive_json' AND body ->> 'cust_id' ~ '^[1-9][0-9]{0,17}$'
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""


def _cust_id_of(connection: Connection, member: str) -> int | None:
    """A member's id from the id itself, or from the name that most results of it show."""
    if member.isascii() and member.isdigit():
        return int(member)
    row = connection.execute(
        "SELECT cust_id FROM racing.result WHERE lower(display_name) = lower(%s) AND cust_id > 0"
        " GROUP BY cust_id ORDER BY count(*) DESC, cust_id LIMIT 1",
        [member],
    ).fetchone()
    return None if row is None else int(row[0])


def _introduce(connection: Connection, api: DataApi) -> tuple[int, str]:
    """Ask who the account's member is, and note it: cust_id, also as text."""
    info = endpoints.member_info(api).payload
    cust_id = int(info["cust_id"])
    payloads.put(connection, Document(INFO, str(cust_id)), info, source="api")
    payloads.put(connection, Document(ACCOUNT, api.url), {"cust_id": cust_id}, source="api")
    return cust_id, str(cust_id)


def rebuild_ratings(
    connection: Connection, *, run_id: str | None = None, member: str | None = None
) -> RatingOutcome:
    """Rebuild the member's rating history from all sources.

    Charts, the present licences, results and ``.ibt`` files each give points; Road leads into its
    two successors. In the caller's transaction.

    Args:
        connection: Not in autocommit.
        run_id: The run, for ``ops.load_audit``.
        member: The member account, as ``IRACING_MEMBER`` says.
    """
    outcome = RatingOutcome(cust_ids=store_own_members(connection, member))
    for cust_id in outcome.cust_ids:
        rebuild_ratings_of(connection, cust_id, outcome)
    audit.record(connection, outcome.loads, run_id=run_id)
    return outcome


def rebuild_ratings_of(connection: Connection, cust_id: int, outcome: RatingOutcome) -> None:
    """Rebuild the rating history of one member from all sources, in the transaction."""
    where = {"cust_id": cust_id}
    points = pl.concat(
        [
            _from_charts(connection, cust_id, outcome.issues),
            _from_member(connection, cust_id, outcome),
            _from_results(connection, cust_id),
            telemetry_points(read_table(connection, TELEMETRY_SESSION, where=where)),
        ]
    )
    history = stitch_road(points).unique(RATING_HISTORY.key, keep="last", maintain_order=True)
    for source, count in history["source"].value_counts().iter_rows():
        outcome.points[source] = outcome.points.get(source, 0) + count
    outcome.loads.append(replace(connection, RATING_HISTORY, history, where=where))
    for kind, table, read in (
        (CAREER_KIND, CAREER, read_career),
        (YEARLY_KIND, YEARLY, read_yearly),
    ):
        body = payloads.get(connection, Document(kind, str(cust_id)))
        if body is not None:
            frame = read(body, outcome.issues).filter(pl.col("cust_id") == cust_id)
            outcome.loads.append(replace(connection, table, frame, where=where))


def _from_charts(connection: Connection, cust_id: int, issues: Issues) -> pl.DataFrame:
    items = [f"{cust_id}/{category}" for category in CATEGORIES]
    charts = payloads.of_items(connection, [CHART], items)
    return chart_points([body for _, _, body in charts], issues)


def _from_member(connection: Connection, cust_id: int, outcome: RatingOutcome) -> pl.DataFrame:
    row = connection.execute(
        "SELECT body, received_at FROM raw.payload WHERE kind = %s AND item = %s",
        [INFO, str(cust_id)],
    ).fetchone()
    if row is None:
        return RATING_HISTORY.frame()
    body, received_at = row
    outcome.loads.append(store_members(connection, read_member(body, outcome.issues)))
    moment: datetime = received_at.astimezone(UTC)
    return member_points(body, moment, outcome.issues)


def _from_results(connection: Connection, cust_id: int) -> pl.DataFrame:
    result = read_table(connection, RESULT, where={"cust_id": cust_id, "simsession_number": 0})
    ids = result["subsession_id"].unique().to_list()
    subsession = read_table(connection, SUBSESSION, where={"subsession_id": ids})
    return result_points(result, subsession, cust_id)
