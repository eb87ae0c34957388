"""iRacing's Data API: authentication, transport, rate limit and endpoints.

A thin client on ``requests`` that knows nothing of Dagster or of tables. It hands back what
iRacing sent; :mod:`iracing_pipeline.results` turns that into frames.
"""

from iracing_pipeline.data_api.client import Answer, DataApi
from iracing_pipeline.data_api.errors import (
    ApiUnavailableError,
    AuthenticationError,
    DataApiError,
    ForbiddenError,
    LoginRequiredError,
    MaintenanceError,
    MalformedAnswerError,
    NotFoundError,
    RejectedRequestError,
)

__all__ = [
    "Answer",
    "ApiUnavailableError",
    "AuthenticationError",
    "DataApi",
    "DataApiError",
    "ForbiddenError",
    "LoginRequiredError",
    "MaintenanceError",
    "MalformedAnswerError",
    "NotFoundError",
    "RejectedRequestError",
]
