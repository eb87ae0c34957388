"""How fast it is and what it survives: ``python -m benchmarks.NAME`` from the repository."""
