"""The member: who it is, and the rating history from every source there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.endpoints import ChartType
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
from iracing_pipeline.tables.results import RESULT, SUBSESSION
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit, payloads
from iracing_pipeline.warehouse.load import Loaded, replace
from iracing_pipeline.warehouse.payloads import Document
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.warehouse.connection import Connection

INFO, CHART = "member/info", "member/chart_data"
CAREER_KIND, YEARLY_KIND = "stats/member_career", "stats/member_yearly"
CHARTS = (ChartType.IRATING, ChartType.LICENCE)


@dataclass(slots=True)
class RatingOutcome:
    """What rebuilding a rating history did.

    Attributes:
        cust_id: The member; None when nobody is known.
        points: Points of the history, by source.
        loads: What changed.
        issues: What was unexpected in the payloads.
    """

    cust_id: int | None = None
    points: dict[str, int] = field(default_factory=dict)
    loads: list[Loaded] = field(default_factory=list)
    issues: Issues = field(default_factory=Issues)


def fetch_member(connection: Connection, api: DataApi) -> int:
    """Fetch who the token belongs to, with ratings and totals: the member's cust_id.

    Args:
        connection: In autocommit.
        api: The Data API.
    """
    info = endpoints.member_info(api).payload
    cust_id = int(info["cust_id"])
    item = str(cust_id)
    payloads.put(connection, Document(INFO, item), info, source="api")
    for category in CATEGORIES:
        for chart in CHARTS:
            body = endpoints.chart_data(api, cust_id, category, chart).payload
            document = Document(CHART, f"{item}/{category}", chart.value)
            payloads.put(connection, document, body, source="api")
    career = endpoints.career(api, cust_id).payload
    payloads.put(connection, Document(CAREER_KIND, item), career, source="api")
    yearly = endpoints.yearly(api, cust_id).payload
    payloads.put(connection, Document(YEARLY_KIND, item), yearly, source="api")
    return cust_id


def own_cust_id(connection: Connection, api: DataApi | None = None) -> int | None:
    """Whose data this is: the account's owner, else the driver of most telemetry.

    Args:
        connection: Where to look.
        api: Is asked when no account is known yet.
    """
    known = payloads.items_of(connection, INFO)
    if known:
        return int(known[0])
    if api is not None:
        info = endpoints.member_info(api).payload
        payloads.put(connection, Document(INFO, str(info["cust_id"])), info, source="api")
        return int(info["cust_id"])
    row = connection.execute(
        "SELECT cust_id FROM racing.telemetry_session WHERE cust_id IS NOT NULL"
        " GROUP BY cust_id ORDER BY count(*) DESC, cust_id LIMIT 1"
    ).fetchone()
    return None if row is None else int(row[0])


def rebuild_ratings(connection: Connection, *, run_id: str | None = None) -> RatingOutcome:
    """Make the member's rating history hold what all sources say together.

    Charts, the present licences, results and ``.ibt`` files each give points; Road leads into its
    two successors. In the caller's transaction.

    Args:
        connection: Not in autocommit.
        run_id: The run that does it, for the books.
    """
    outcome = RatingOutcome(cust_id=own_cust_id(connection))
    cust_id = outcome.cust_id
    if cust_id is None:
        return outcome
    points = pl.concat(
        [
            _from_charts(connection, cust_id, outcome.issues),
            _from_member(connection, cust_id, outcome),
            _from_results(connection, cust_id),
            telemetry_points(read_table(connection, TELEMETRY_SESSION, where={"cust_id": cust_id})),
        ]
    )
    history = stitch_road(points).unique(RATING_HISTORY.key, keep="last", maintain_order=True)
    outcome.points = dict(history["source"].value_counts().sort("source").iter_rows())
    where = {"cust_id": cust_id}
    outcome.loads.append(replace(connection, RATING_HISTORY, history, where=where))
    for kind, table, read in (
        (CAREER_KIND, CAREER, read_career),
        (YEARLY_KIND, YEARLY, read_yearly),
    ):
        body = payloads.get(connection, Document(kind, str(cust_id)))
        if body is not None:
            frame = read(body, outcome.issues).filter(pl.col("cust_id") == cust_id)
            outcome.loads.append(replace(connection, table, frame, where=where))
    audit.record(connection, outcome.loads, run_id=run_id)
    return outcome


def _from_charts(connection: Connection, cust_id: int, issues: Issues) -> pl.DataFrame:
    items = [f"{cust_id}/{category}" for category in CATEGORIES]
    found = payloads.of_items(connection, [CHART], items)
    return chart_points([body for _, _, body in found], issues)


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
