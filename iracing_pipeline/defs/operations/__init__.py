"""The upkeep of the pipeline itself: dead runs, long queries, half-written files."""
