"""The lake: where full-rate frames and raw payloads lie, named by one URI.

A folder, or an object store (``s3://``, ``gs://``, ``az://``); the layout below it is the same:
``<kind>/<key>/<name>``, such as ``telemetry/<session key>/frames.parquet``.
"""

from iracing_pipeline.lake.errors import LakeError, NotInLakeError
from iracing_pipeline.lake.lake import Lake, Written, disk_is_full

__all__ = ["Lake", "LakeError", "NotInLakeError", "Written", "disk_is_full"]
