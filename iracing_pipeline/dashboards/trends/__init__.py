"""Boards of the folder trends: How it develops."""
