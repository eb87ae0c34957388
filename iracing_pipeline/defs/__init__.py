"""The asset graph, one folder a domain."""
