"""Metadata in Dagster of an asset that is one table or several."""

from typing import Any

import dagster as dg

from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.tables import Table


def description_of(*tables: Table) -> str:
    """The description of an asset: what a row of each of its tables is, in Markdown."""
    rows = [f"`{table.name}`: {table.doc}" for table in tables]
    return rows[0] if len(rows) == 1 else "\n".join(f"- {row}" for row in rows)


def metadata_of(*tables: Table) -> dict[str, Any]:
    """The metadata of an asset: name and columns of its first table, names of the others."""
    table, *others = tables
    named = {"other tables": ", ".join(other.name for other in others)} if others else {}
    return named | {
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


def fields_check(asset: str | dg.AssetKey) -> dg.AssetCheckSpec:
    """Check that iRacing's payloads hold the known fields, of the known types."""
    return dg.AssetCheckSpec(
        "fields_known",
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
