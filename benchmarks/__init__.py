"""Benchmarks and robustness campaigns: ``python -m benchmarks.NAME`` from the repository."""
