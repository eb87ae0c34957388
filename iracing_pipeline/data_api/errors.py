"""Errors of the Data API.

The client repeats once what may heal by itself and raises one of these for everything else; which
answer means what is the table in :mod:`iracing_pipeline.data_api.meaning`. Each message says what
happened and what to do; none carries a token, a password or the body of a token call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from iracing_pipeline.data_api.meaning import Meaning


class DataApiError(PipelineError):
    """The Data API did not give what was asked for.

    Attributes:
        meaning: What the answer meant; None when the error is not about an answer.
        answer: The answer in a few words, such as ``403 forbidden``.
    """

    def __init__(self, message: str, *, meaning: Meaning | None = None, answer: str = "") -> None:
        super().__init__(message)
        self.meaning = meaning
        self.answer = answer


class AuthenticationError(DataApiError):
    """iRacing refused the credentials or the token; asking again would not help."""


class LoginRequiredError(AuthenticationError):
    """There is neither a usable token nor a password to get one with."""


class ForbiddenError(DataApiError):
    """The account may not see this item (a private league or hosted session)."""


class NotFoundError(DataApiError):
    """There is no such item."""


class RejectedRequestError(DataApiError):
    """iRacing rejects the request for this item."""


class RefusedError(DataApiError):
    """iRacing refuses the item with an error code that is not known."""


class MaintenanceError(DataApiError):
    """iRacing is down for maintenance, which takes hours: come back later."""


class ApiUnavailableError(DataApiError):
    """Server faults or rate limiting outlasted the retries."""


class OutageError(ApiUnavailableError):
    """Nothing was asked, because of an outage.

    Attributes:
        probe_at: When it may be asked again, seconds since 1970.
    """

    def __init__(self, message: str, *, probe_at: float) -> None:
        super().__init__(message)
        self.probe_at = probe_at


class MalformedAnswerError(ApiUnavailableError):
    """The answer was not what its own description promised, every time it was asked for."""
