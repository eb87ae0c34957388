"""The tables of the project: every column once, with its type, unit and meaning.

This is the ground floor. The analysis shapes its frames by these declarations, the warehouse
takes its column comments from them, and the dashboards their units.
"""

from iracing_pipeline.tables.column import Column, Table

__all__ = ["Column", "Table"]
