"""Boards of the folder operations: How the pipeline does."""
