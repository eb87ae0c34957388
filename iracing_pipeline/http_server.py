"""A small HTTP server with limits on silent and on many connections."""

from __future__ import annotations

import os
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any

MOST_CONNECTIONS = 64
_PAUSE_S = 0.5


class LimitedServer(ThreadingHTTPServer):
    """A thread for each connection, up to a number; further ones are closed at once."""

    daemon_threads = True
    block_on_close = False  # a connection that is silent does not delay the end
    # On Windows, another process could then listen on the same port unnoticed.
    allow_reuse_address = os.name != "nt"

    def __init__(self, *args: Any, **options: Any) -> None:
        """Listen, as :class:`ThreadingHTTPServer` does."""
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(*args, **options)

    def get_request(self) -> Any:
        """Take the next connection."""
        try:
            return super().get_request()
        except OSError:
            # Out of descriptors or memory: the connection waits on, and asking for it again and
            # again would take a whole core.
            time.sleep(_PAUSE_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a separate thread."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, in that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()
