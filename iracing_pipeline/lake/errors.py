"""Errors of the lake.

Policy: a failure says what is wrong and what to do about it; a file is there whole or not at all.
"""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot do what was asked of it.

    Attributes:
        reason: What is wrong, in words.
        advice: What to do about it.
    """

    def __init__(self, reason: str, advice: str) -> None:
        """Say what is wrong and what to do."""
        self.reason = reason
        self.advice = advice
        super().__init__(f"{reason}. {advice}")

    def __reduce__(self) -> tuple[type[LakeError], tuple[str, str]]:
        """Rebuild from the facts, so that the error crosses process boundaries."""
        return type(self), (self.reason, self.advice)


class NotInLakeError(LakeError):
    """There is no such file in the lake."""
