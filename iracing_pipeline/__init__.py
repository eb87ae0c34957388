"""iRacing telemetry files and results, as trustworthy laps in PostgreSQL."""

__version__ = "0.1.0"
