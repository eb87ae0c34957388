"""A simulation of iRacing's Data API, for the demo, for tests and for developing against it.

It speaks as the real one does: OAuth with single-use refresh tokens, links that expire, rows in
chunks, a quota with its headers, and faults that can be switched on. Behind it is a made-up
career, the same for everybody.
"""

from iracing_pipeline.demo.fake_data_api.career import Career, Race
from iracing_pipeline.demo.fake_data_api.faults import Fault, Faults
from iracing_pipeline.demo.fake_data_api.server import FakeDataApi

__all__ = ["Career", "FakeDataApi", "Fault", "Faults", "Race"]
