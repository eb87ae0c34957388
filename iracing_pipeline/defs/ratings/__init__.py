"""How the member develops: ratings over time, and totals."""
