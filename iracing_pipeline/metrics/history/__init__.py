"""Channels of a session, downsampled, sent to Prometheus with the times at which they were so."""
