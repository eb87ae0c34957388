"""Errors of a dropped result file."""

from __future__ import annotations


class ExportError(Exception):
    """A dropped file holds no results that can be read.

    Attributes:
        name: The file.
        reason: What is wrong with it.
        advice: What to do about it.
    """

    def __init__(self, name: str, reason: str, advice: str) -> None:
        self.name = name
        self.reason = reason
        self.advice = advice
        super().__init__(f"{name}: {reason}. {advice}")

    def __reduce__(self) -> tuple[type[ExportError], tuple[str, str, str]]:
        """Rebuild from the facts, so that the error crosses process boundaries."""
        return type(self), (self.name, self.reason, self.advice)
