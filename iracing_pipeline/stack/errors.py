"""Errors before the stack runs."""

from __future__ import annotations

from iracing_pipeline.errors import PipelineError


class StackError(PipelineError):
    """The stack cannot be set up or started; the message says what to do."""
