"""Errors of a dropped result file."""

from __future__ import annotations

from iracing_pipeline.errors import PipelineError


class ExportError(PipelineError):
    """A dropped file holds no results that can be read.

    Attributes:
        name: The file.
        reason: What is wrong with it.
        advice: What to do about it.
    """

    def __init__(self, name: str, reason: str, advice: str) -> None:
        self.name = name
        super().__init__(reason, advice, item=name)
