"""Three lines after a session, to a file or a webhook: what it was, the best, what to work on."""

from iracing_pipeline.digest.message import Digest, digest
from iracing_pipeline.digest.send import Destination, DigestError, destinations
from iracing_pipeline.digest.work import send_due

__all__ = ["Destination", "Digest", "DigestError", "destinations", "digest", "send_due"]
