"""Metrics: the snapshot of last-known values, and the channels of sessions in Prometheus."""
