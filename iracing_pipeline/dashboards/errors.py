"""Errors of a board, or of its queries."""


class BoardError(Exception):
    """A board cannot work as it is: the message says why."""


class PushError(Exception):
    """Grafana did not take a board."""
