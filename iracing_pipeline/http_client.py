"""A ``requests`` session with a limit on the size and the time of a response.

``requests`` reads an answer whole: one of 2 MB can unpack to 2 GB, and one that comes byte by byte
never ends.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1 << 20
LONGEST_S = 300.0
_BLOCK = 64 << 10
_GZIP = 16 + zlib.MAX_WBITS


class BoundExceededError(PipelineError, requests.RequestException):
    """An answer is larger, or takes longer, than any that is expected."""


def session(*, most_bytes: int = MB, longest_s: float = LONGEST_S) -> requests.Session:
    """A session.

    Args:
        most_bytes: Largest answer, unpacked.
        longest_s: Longest time from the request to the end of the answer, seconds.
    """
    made = requests.Session()
    made.headers["Accept-Encoding"] = "gzip"
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter(most_bytes, longest_s))
    return made


class _Adapter(HTTPAdapter):
    """Reads an answer before ``requests`` does."""

    def __init__(self, most_bytes: int, longest_s: float) -> None:
        super().__init__()
        self._most, self._longest_s = most_bytes, longest_s

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        deadline = time.monotonic() + self._longest_s
        response = super().send(request, *args, **{**options, "stream": True})
        try:
            body = self._read(response, deadline)
        except BoundExceededError:  # also an OSError, as all of requests' are
            raise
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise requests.ConnectionError(error, request=request) from error
        except zlib.error as error:
            raise requests.exceptions.ContentDecodingError(error, request=request) from error
        finally:
            response.close()
        # As `requests` itself keeps what it has read.
        response._content, response._content_consumed = body, True  # type: ignore[attr-defined,unused-ignore]  # noqa: SLF001
        return response

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        blocks = _received(response, deadline, self._most)
        if response.headers.get("Content-Encoding", "identity").lower() in {"gzip", "x-gzip"}:
            blocks = _unpacked(blocks)
        for block in blocks:
            body += block
            if len(body) > self._most:
                raise BoundExceededError(f"an answer of more than {self._most} bytes")
        return bytes(body)


def _received(response: requests.Response, deadline: float, most: int) -> Iterator[bytes]:
    """The received bytes, as on the wire."""
    received = 0
    # read1 returns what there is, so that the deadline is looked at after each packet.
    while block := response.raw.read1(_BLOCK, decode_content=False):
        received += len(block)
        if received > most or time.monotonic() > deadline:
            raise BoundExceededError("an answer that does not end")
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The unpacked bytes of a gzip stream, in blocks of bounded size."""
    decoder = zlib.decompressobj(_GZIP)
    for block in blocks:
        rest = block
        while rest:
            yield decoder.decompress(rest, _BLOCK)
            if decoder.eof:  # another member may follow
                rest, decoder = decoder.unused_data, zlib.decompressobj(_GZIP)
            else:
                rest = decoder.unconsumed_tail
    yield decoder.flush()


def cause(error: requests.RequestException) -> str:
    """Why a connection failed, in the words of the system."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        nested = next((each for each in cause.args if isinstance(each, BaseException)), None)
        cause = nested or getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
    return "the connection failed"
