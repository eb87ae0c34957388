"""Metrics for Prometheus: last-known values, the pipeline's health, sessions, the car as it is."""
