"""Check everything that the pipeline needs, with advice for each problem.

A probe looks at one thing, takes a second or two at most, changes nothing, spends neither a login
nor a request of the Data API, and gives findings instead of raising.
"""

from iracing_pipeline.local.check.everything import check
from iracing_pipeline.local.check.finding import Finding, State

__all__ = ["Finding", "State", "check"]
