"""What Dagster shows of the tables of results."""

from typing import Any

import dagster as dg

from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.tables import Table


def metadata_of(table: Table) -> dict[str, Any]:
    """Name and columns of a table, for the asset that fills it."""
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    column.name,
                    str(column.dtype),
                    description=column.comment,
                    constraints=dg.TableColumnConstraints(nullable=not column.required),
                )
                for column in table.columns
            ]
        ),
    }


def fields_check(asset: str | dg.AssetKey, name: str = "fields_known") -> dg.AssetCheckSpec:
    """That iRacing's payloads hold the fields that are known, of the known types."""
    return dg.AssetCheckSpec(
        name,
        asset=asset,
        description="iRacing's payloads hold the known fields, of the known types. New and missing"
        " fields break nothing; what is new may be worth reading.",
    )


def fields_result(spec: dg.AssetCheckSpec, issues: Issues) -> dg.AssetCheckResult:
    """The outcome of that check."""
    odd = issues.of(
        Problem.UNKNOWN, Problem.CHANGED, Problem.RANGE, Problem.MISSING, Problem.UNUSABLE
    )
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not odd,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unexpected": dg.MetadataValue.json({str(issue): n for issue, n in odd.items()})},
    )
