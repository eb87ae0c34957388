"""Ratings of the member over time, and totals."""
