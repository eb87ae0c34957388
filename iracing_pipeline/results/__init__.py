"""Results, laps and ratings from whatever iRacing hands out: payloads in, frames out.

The same parsers serve the Data API, the exports of iRacing's website and the session info of
``.ibt`` files. They are lenient: a field that is unknown, missing or of another type never stops
a payload from loading. It is noted in an :class:`~iracing_pipeline.results.issues.Issues`, and
its value is null.
"""
