"""Boards of the folder telemetry: Where is the time."""
