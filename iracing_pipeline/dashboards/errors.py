"""What can be wrong with a board, or with asking what it asks."""


class BoardError(Exception):
    """A board cannot work as it is: the message says why."""


class PushError(Exception):
    """Grafana did not take a board."""
