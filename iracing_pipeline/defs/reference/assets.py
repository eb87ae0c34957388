"""The reference assets: each one request, upserted into its tables."""

from collections.abc import Iterator

import dagster as dg

from iracing_pipeline.data_api import DataApiError
from iracing_pipeline.defs.api_books import counted
from iracing_pipeline.defs.api_faults import API_POOL, faults_as_dagster_understands
from iracing_pipeline.defs.freshness import WEEKLY
from iracing_pipeline.defs.resources import DataApiResource, WarehouseResource
from iracing_pipeline.defs.tables import description_of, fields_check, fields_result, metadata_of
from iracing_pipeline.ingest.documents import stops
from iracing_pipeline.ingest.reference import PULLS, pull

GROUP = "reference"
OWNERS = ["team:racing"]

SPECS = [
    dg.AssetSpec(
        what.name,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"iracing", "postgres"},
        description=description_of(*(table for table, _ in what.fills)),
        metadata=metadata_of(*(table for table, _ in what.fills)),
        freshness_policy=WEEKLY,
    )
    for what in PULLS
]
CHECKS = {what.name: fields_check(what.name) for what in PULLS}


@dg.multi_asset(
    name="reference",
    specs=SPECS,
    check_specs=list(CHECKS.values()),
    can_subset=True,
    pool=API_POOL,
)
def reference(
    context: dg.AssetExecutionContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Fetch the selected reference data, one request each."""
    api = data_api.connect()
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    failed: dict[str, str] = {}
    with (
        counted(warehouse, api),
        warehouse.connect() as connection,
        faults_as_dagster_understands(),
    ):
        for what in PULLS:
            if what.name not in selected:
                continue
            try:
                loads, issues = pull(connection, api, what, run_id=context.run.run_id)
            except DataApiError as error:
                if stops(error):
                    raise
                connection.rollback()
                failed[what.name] = str(error)
                context.log.warning("%s: %s", what.name, error)
                continue
            yield dg.MaterializeResult(
                asset_key=what.name,
                metadata={
                    "dagster/row_count": loads[0].rows,
                    "rows changed": sum(load.inserted + load.updated for load in loads),
                },
            )
            if CHECKS[what.name].key in context.selected_asset_check_keys:
                yield fields_result(CHECKS[what.name], issues)
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(selected)} could not be pulled. {next(iter(failed.values()))}",
            metadata={"failed": dg.MetadataValue.json(failed)},
            allow_retries=False,
        )
