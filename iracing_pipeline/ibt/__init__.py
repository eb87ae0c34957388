"""Read iRacing ``.ibt`` telemetry files into polars frames. Depends on numpy, polars and PyYAML."""
