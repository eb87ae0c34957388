"""The dashboards: Grafana boards as code, written to ``grafana/dashboards``.

A board is a :class:`~iracing_pipeline.dashboards.board.Board` in a separate file, in the folder
that Grafana shows it in; the other modules here are the words that it is written with.
"""
