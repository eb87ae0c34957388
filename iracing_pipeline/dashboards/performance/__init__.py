"""Boards of the folder performance: How did it go."""
