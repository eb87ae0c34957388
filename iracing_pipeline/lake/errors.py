"""Errors of the lake.

Policy: a failure says what is wrong and what to do about it; a file is there whole or not at all.
"""

from __future__ import annotations

from iracing_pipeline.errors import PipelineError


class LakeError(PipelineError):
    """The lake cannot do what was asked of it."""


class NotInLakeError(LakeError):
    """There is no such file in the lake."""
