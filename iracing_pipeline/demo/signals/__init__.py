"""What each channel shows, record by record, computed from the drive; one module a group."""
