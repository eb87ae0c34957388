"""Errors of a board, or of its queries."""

from iracing_pipeline.errors import PipelineError


class BoardError(PipelineError):
    """A board cannot work as it is: the message says why."""


class PushError(PipelineError):
    """Grafana did not take a board."""
