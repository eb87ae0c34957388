"""A PostgreSQL server of our own in the data folder, for when no database URL is set.

The server belongs to no process: whoever needs it first starts it, everybody shares it, and it
keeps running when they leave, so a URL once printed keeps working. It listens on a Unix socket
in its own folder where one can be made, else on a free loopback port; either way a client needs
the generated password, which only the owner of the data folder can read.
"""

from iracing_pipeline.warehouse.embedded.server import (
    reader_password,
    running,
    start,
    stop,
)

__all__ = ["reader_password", "running", "start", "stop"]
