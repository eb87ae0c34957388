"""Values of each channel, record by record, computed from the drive; one module a group."""
