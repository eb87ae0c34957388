"""HTML pages that need nothing but themselves: one file, no request, scripts by their hash."""

from iracing_pipeline.page.charts import Charts
from iracing_pipeline.page.document import Page

__all__ = ["Charts", "Page"]
