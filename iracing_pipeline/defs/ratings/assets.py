"""The ratings assets: the member's data at iRacing, and one history from all sources."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from iracing_pipeline.defs.api_books import counted
from iracing_pipeline.defs.api_faults import API_POOL, faults_as_dagster_understands
from iracing_pipeline.defs.freshness import DAILY
from iracing_pipeline.defs.resources import DataApiResource, WarehouseResource
from iracing_pipeline.defs.tables import description_of, fields_check, fields_result, metadata_of
from iracing_pipeline.ingest.members import fetch_member, rebuild_ratings
from iracing_pipeline.settings import Settings
from iracing_pipeline.tables.ratings import CAREER, RATING_HISTORY, YEARLY

GROUP = "ratings"
OWNERS = ["team:racing"]


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"iracing", "postgres"},
    freshness_policy=DAILY,
    pool=API_POOL,
)
def raw_member(
    context: dg.AssetExecutionContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> dg.MaterializeResult[None]:
    """The member, present licences, rating charts and totals, as iRacing sends them."""
    api = data_api.connect()
    with (
        counted(warehouse, api),
        warehouse.connect(autocommit=True) as connection,
        faults_as_dagster_understands(),
    ):
        outcome = fetch_member(connection, api)
    for document, problem in outcome.problems.items():
        context.log.warning("%s is missing: %s", document, problem)
    return dg.MaterializeResult(
        metadata={
            "cust_id": outcome.cust_id,
            "requests": api.stats.snapshot().requests,
            "documents received": outcome.received,
            "documents missing": dg.MetadataValue.json(outcome.problems),
        }
    )


rating_history = dg.AssetSpec(
    "rating_history",
    deps=[raw_member, "results", "raw_result_files", "telemetry_results"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "polars"},
    description=description_of(RATING_HISTORY),
    metadata=metadata_of(RATING_HISTORY),
    freshness_policy=DAILY,
)
career = dg.AssetSpec(
    "career",
    deps=[raw_member],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "polars"},
    description=description_of(CAREER, YEARLY),
    metadata=metadata_of(CAREER, YEARLY),
    freshness_policy=DAILY,
)
ratings_fields_known = fields_check("rating_history")


@dg.multi_asset(name="ratings", specs=[rating_history, career], check_specs=[ratings_fields_known])
def ratings(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Combine charts, licences, results and telemetry into one history."""
    with warehouse.connect() as connection:
        outcome = rebuild_ratings(
            connection, run_id=context.run.run_id, member=Settings.from_env().member
        )
    if not outcome.cust_ids:
        context.log.warning(
            "Nobody is known yet: set IRACING_MEMBER or IRACING_CLIENT_ID, or load telemetry."
        )
    rows: Counter[str] = Counter()
    for load in outcome.loads:
        rows[load.table] += load.rows
    yield dg.MaterializeResult(
        asset_key=rating_history.key,
        metadata={"dagster/row_count": rows[RATING_HISTORY.name], **outcome.points},
    )
    yield dg.MaterializeResult(
        asset_key=career.key, metadata={"dagster/row_count": rows[CAREER.name]}
    )
    yield fields_result(ratings_fields_known, outcome.issues)
