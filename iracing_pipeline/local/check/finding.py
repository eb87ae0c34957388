"""Finding of a probe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """State of a subject."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not for long, or not as well as it could."""
    WRONG = "wrong"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Finding on one subject.

    Attributes:
        subject: The thing.
        state: How it is.
        said: Text of the finding.
        advice: What to do about it; None where nothing is to be done.
    """

    subject: str
    state: State
    said: str
    advice: str | None = None


def ok(subject: str, said: str) -> Finding:
    """A thing that is as it should be."""
    return Finding(subject, State.OK, said)


def warning(subject: str, said: str, advice: str) -> Finding:
    """A thing that works, but should be looked after."""
    return Finding(subject, State.WARNING, said, advice)


def wrong(subject: str, said: str, advice: str) -> Finding:
    """A thing that does not work."""
    return Finding(subject, State.WRONG, said, advice)


def without_secrets(findings: Iterable[Finding], secrets: Iterable[str | None]) -> list[Finding]:
    """The findings, with every secret that a message may have repeated taken out."""
    # Those that are short would take other words apart; the longest first, as one may hold another.
    longest_first = sorted(
        {each for each in secrets if each and len(each) > 3}, key=len, reverse=True
    )

    def clean(text: str) -> str:
        for each in longest_first:
            text = text.replace(each, "****")
        return text

    return [
        replace(each, said=clean(each.said), advice=each.advice and clean(each.advice))
        for each in findings
    ]
