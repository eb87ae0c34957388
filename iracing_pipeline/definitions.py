"""The one Definitions object that Dagster loads: the domains in ``defs/``, merged.

Dagster takes a module with one Definitions at its top, so the domains' modules are imported.
"""

import warnings

import dagster as dg

from iracing_pipeline.defs.figures import definitions as figures
from iracing_pipeline.defs.metrics import definitions as metrics
from iracing_pipeline.defs.operations import definitions as operations
from iracing_pipeline.defs.ratings import definitions as ratings
from iracing_pipeline.defs.reference import definitions as reference
from iracing_pipeline.defs.resources import RESOURCES
from iracing_pipeline.defs.results import definitions as results
from iracing_pipeline.defs.telemetry import definitions as telemetry

# Dagster copies a sensor with an argument of its own that it calls beta.
warnings.filterwarnings("ignore", "Parameter `owners` of initializer `SensorDefinition")

defs = dg.Definitions.merge(
    telemetry.defs,
    results.defs,
    ratings.defs,
    reference.defs,
    figures.defs,
    metrics.defs,
    operations.defs,
    dg.Definitions(
        resources=RESOURCES,
        # A process for each step would cost seconds; a run is one step or two.
        executor=dg.in_process_executor,
    ),
)
