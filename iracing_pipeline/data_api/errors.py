"""What can go wrong with the Data API.

Policy: the client retries what heals by itself within seconds (a gateway error, an expired link,
a short chunk) and raises one of these for all else. Each says what happened and what to do; none
carries a token, a password or the body of a token call.
"""

from __future__ import annotations


class DataApiError(Exception):
    """The Data API did not give what was asked for."""


class AuthenticationError(DataApiError):
    """iRacing refused the credentials or the token; asking again would not help."""


class LoginRequiredError(AuthenticationError):
    """There is neither a usable token nor a password to get one with."""


class ForbiddenError(DataApiError):
    """The account may not see this item (a private league or hosted session)."""


class NotFoundError(DataApiError):
    """There is no such item."""


class RejectedRequestError(DataApiError):
    """iRacing called the request malformed: a bug, not a passing fault."""


class MaintenanceError(DataApiError):
    """iRacing is down for maintenance, which takes hours: come back later."""


class UnavailableError(DataApiError):
    """Server faults or rate limiting outlasted the retries."""


class MalformedAnswerError(UnavailableError):
    """The answer was not what its own description promised, every time it was asked for."""
