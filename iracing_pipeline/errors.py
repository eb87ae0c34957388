"""The root of every error of this package."""

from __future__ import annotations


class PipelineError(Exception):
    """An error with a message for the user; the command line prints it without a traceback.

    Attributes:
        reason: What is wrong, in words.
        advice: Next step for the user; empty where the reason contains it.
        item: The file or other item that it is about; empty where there is none.
    """

    advice: str = ""

    def __init__(self, reason: str = "", advice: str | None = None, *, item: str = "") -> None:
        """Say what is wrong, what to do, and with which item."""
        self.reason = reason
        self.item = item
        if advice is not None:
            self.advice = advice
        text = f"{reason}. {self.advice}" if self.advice else reason
        super().__init__(f"{item}: {text}" if item else text)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the attributes, so that the error crosses process boundaries."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[PipelineError], args: tuple[object, ...], attributes: dict[str, object]
) -> PipelineError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error
