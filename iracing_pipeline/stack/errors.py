"""Errors before the stack runs."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot be set up or started; the message says what to do."""
