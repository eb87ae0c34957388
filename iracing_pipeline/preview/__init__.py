"""Grafana dashboards drawn without Grafana, from the results of their own queries.

Not Grafana, and it says so on each page: a reading of a dashboard's JSON that shows whether its
panels answer their question. What it cannot draw it names instead of leaving it out.
"""
