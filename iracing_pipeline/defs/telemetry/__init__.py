"""From ``.ibt`` files to sessions and laps."""
