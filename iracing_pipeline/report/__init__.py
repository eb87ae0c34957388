"""One session as one HTML file: to look at, to keep, and to share with a team-mate."""

from iracing_pipeline.report.data import NoSessionError, SessionData, read, session_key
from iracing_pipeline.report.document import report

__all__ = ["NoSessionError", "SessionData", "read", "report", "session_key"]
