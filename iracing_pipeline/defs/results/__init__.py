"""Subsessions, results, laps and events, from the API and from dropped files."""
