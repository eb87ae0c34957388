"""Unexpected content of a payload, collected for a check."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class Problem(Enum):
    """Kind of unexpected content."""

    UNKNOWN = "unknown field"
    MISSING = "missing field"
    CHANGED = "field of another type"
    RANGE = "value out of range"
    UNUSABLE = "row left out, its key is missing"
    OUT_OF_BOUNDS = "value left out, out of bounds"
    REPEATED = "row left out, its key appeared before"


LOST = (Problem.CHANGED, Problem.RANGE, Problem.UNUSABLE, Problem.REPEATED)
"""Surprises by which something of the payload is not in the tables."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One surprise.

    Attributes:
        where: The part of the payload, such as ``results/get session_results[].results[]``.
        field: The field.
        problem: Kind of unexpected content.
        detail: Types that were expected and found; never a value, which may be personal.
    """

    where: str
    field: str
    problem: Problem
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.where}.{self.field}: {self.problem.value}{detail}"


@dataclass(slots=True)
class Issues:
    """All surprises, and in how many rows each was met."""

    counts: Counter[Issue] = field(default_factory=Counter)

    def add(
        self, where: str, name: str, problem: Problem, detail: str = "", *, count: int = 1
    ) -> None:
        """Note a surprise, met in ``count`` rows."""
        self.counts[Issue(where, name, problem, detail)] += count

    def of(self, *problems: Problem) -> dict[Issue, int]:
        """The surprises of some kinds, with their counts."""
        return {issue: count for issue, count in self.counts.items() if issue.problem in problems}
