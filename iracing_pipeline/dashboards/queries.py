"""Queries of a panel: SQL of the views, or PromQL. The data source is always a variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.dashboards.fields import Field

POSTGRES = DataSourceRef("grafana-postgresql-datasource", "${postgres}")
PROMETHEUS = DataSourceRef("prometheus", "${prometheus}")


class SqlQuery(Dataquery):
    """A query of the PostgreSQL data source, which the SDK has no class for."""

    def __init__(self, ref: str, sql: str, *, series: bool) -> None:
        self.ref_id = ref
        self.sql = sql
        self.format = "time_series" if series else "table"

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "refId": self.ref_id,
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
        }


@dataclass(frozen=True, slots=True)
class Sql:
    """A query of the views of schema ``grafana``.

    Attributes:
        text: The statement.
        series: Whether the answer is in the long form (time, metric, value) that Grafana makes
            a series for each metric of.
    """

    text: str
    series: bool = False

    def model(self, ref: str) -> SqlQuery:
        """As a target of a panel."""
        return SqlQuery(ref, self.text, series=self.series)


@dataclass(frozen=True, slots=True)
class PromQl:
    """A query of Prometheus.

    Attributes:
        expression: The expression.
        legend: Name of its series.
        instant: Whether only the last value is asked for: as a table, or with a legend as series.
    """

    expression: str
    legend: str = ""
    instant: bool = False

    def model(self, ref: str) -> Dataquery:
        """As a target of a panel."""
        query = prometheus.Dataquery().datasource(PROMETHEUS).ref_id(ref).expr(self.expression)
        if self.legend:
            query = query.legend_format(self.legend)
        if self.instant:
            query = query.instant()
            return (query if self.legend else query.format(PromQueryFormat.TABLE)).build()
        return query.range().build()


Query = Sql | PromQl


def select(fields: Sequence[Field], source: str, *, first: str = "") -> Sql:
    """The query of some fields.

    Args:
        fields: Fields, in order.
        source: SQL after ``FROM``.
        first: SQL before ``SELECT``, such as ``WITH ...``.
    """
    shown = ",\n    ".join(field.sql for field in fields)
    return Sql(f"{first}\nSELECT\n    {shown}\nFROM {source.strip()}".strip())
