"""The lake: where full-rate frames and raw payloads lie, named by one URI."""
