"""The one Definitions object that Dagster loads: the domains in ``defs/``, merged."""

import dagster as dg

from iracing_pipeline.defs.figures.definitions import defs as figures
from iracing_pipeline.defs.metrics.definitions import defs as metrics
from iracing_pipeline.defs.operations.definitions import defs as operations
from iracing_pipeline.defs.ratings.definitions import defs as ratings
from iracing_pipeline.defs.reference.definitions import defs as reference
from iracing_pipeline.defs.resources import RESOURCES
from iracing_pipeline.defs.results.definitions import defs as results
from iracing_pipeline.defs.telemetry.definitions import defs as telemetry

defs = dg.Definitions.merge(
    telemetry,
    results,
    ratings,
    reference,
    figures,
    metrics,
    operations,
    dg.Definitions(
        resources=RESOURCES,
        # A process for each step would cost seconds; a run is one step or two.
        executor=dg.in_process_executor,
    ),
)
