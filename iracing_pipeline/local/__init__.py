"""The pipeline on this machine: its Dagster home, loading without a UI, and the UI."""
