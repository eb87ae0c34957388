"""A race that runs now, in the layout of iRacing's shared memory: to develop and to try with."""

from iracing_pipeline.demo.live_race.run import RaceRun, simulated
from iracing_pipeline.demo.live_race.timing import RaceSetup

__all__ = ["RaceRun", "RaceSetup", "simulated"]
