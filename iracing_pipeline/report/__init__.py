"""One session as one HTML file: to look at, to keep, and to share with a team-mate."""

from iracing_pipeline.report.data import SessionData, read
from iracing_pipeline.report.document import report
from iracing_pipeline.report.session_name import NoSessionError, file_stem, session_key

__all__ = ["NoSessionError", "SessionData", "file_stem", "read", "report", "session_key"]
