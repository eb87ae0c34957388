"""Meaning of an answer of the Data API: one table, by endpoint, status and body.

The client asks this table about every answer; the fetch queue and Dagster act on its columns and
know no status of their own. What an answer is *about* decides who waits: one item, everybody who
uses the token, or everybody who asks this endpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatch

from iracing_pipeline.data_api.answers import RATE_LIMIT_TEXT


class About(StrEnum):
    """Subject of an answer."""

    ITEM = "item"
    TOKEN = "token"  # noqa: S105 - a name
    MOMENT = "moment"
    GATEWAY = "gateway"


class Body(StrEnum):
    """Kind of the body of an answer."""

    JSON = "JSON"
    HTML = "HTML"
    EMPTY = "empty"
    RATE_LIMIT = "rate limit"
    OTHER = "other"


ITEM_PAUSES = tuple(timedelta(hours=hours) for hours in (0, 1, 24, 72, 96))
"""How long an item waits after each equal refusal; the next run repeats the first one."""

SLOW_PAUSE = timedelta(days=30)
"""Pause after further ones, as long as nothing is proven."""

PROOF_ANSWERS = 5

PROOF_TIME = timedelta(days=7)
"""A refusal is final after so many equal answers over at least so long."""

FAULT_PAUSES = (timedelta(0), *(timedelta(minutes=5 * 2**step) for step in range(8)))
"""How long an item waits after each fault that is not about it; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Meaning of an answer, and the actions that follow.

    Attributes:
        name: Its name, as the database and the metrics have it.
        about: Subject.
        text: Message.
        provable: Whether it can become final, once iRacing repeated it for long enough.
        repeats: Whether the client repeats the request once, at once.
        repeat_after_s: Pause before that repeat, in seconds.
        stops: Whether the run stops asking.
        outage: Whose calls wait when the repeat fails too: "endpoint", "all", or "" for nobody's.
    """

    name: str
    about: About
    text: str
    provable: bool = False
    repeats: bool = False
    repeat_after_s: float = 2.0
    stops: bool = False
    outage: str = ""

    def pause(self, attempts: int) -> timedelta:
        """How long an item waits before it is requested again.

        Args:
            attempts: Equal answers in a row, this one included.
        """
        if self.about is not About.ITEM:
            return FAULT_PAUSES[min(attempts, len(FAULT_PAUSES)) - 1]
        return ITEM_PAUSES[attempts - 1] if attempts <= len(ITEM_PAUSES) else SLOW_PAUSE


GOOD = Meaning("ok", About.ITEM, "")
PRIVATE = Meaning(
    "private", About.ITEM, "iRacing says that the account may not see it", provable=True
)
ABSENT = Meaning("absent", About.ITEM, "iRacing says that there is no such item", provable=True)
REJECTED = Meaning("rejected", About.ITEM, "iRacing rejects the request for it", provable=True)
REFUSED = Meaning("refused", About.ITEM, "iRacing refuses it for a reason of its own")
UNAUTHORIZED = Meaning(
    "unauthorized",
    About.TOKEN,
    "iRacing does not accept a fresh token. Run 'iracing-pipeline login', or check that the client"
    " id is active",
    repeats=True,
    repeat_after_s=0.0,
    stops=True,
    outage="all",
)
SCOPE = Meaning(
    "scope",
    About.TOKEN,
    "the token may not read the Data API. Ask iRacing to allow the scope iracing.auth for the"
    " client id, then run 'iracing-pipeline login'",
    stops=True,
    outage="all",
)
RATE_LIMIT = Meaning(
    "rate_limit",
    About.MOMENT,
    "iRacing's limit on calls is exceeded",
    repeats=True,
    repeat_after_s=15.0,
    outage="all",
)
MAINTENANCE = Meaning(
    "maintenance",
    About.MOMENT,
    "iRacing is down for maintenance, which can take hours. The run continues from here when it is"
    " started again",
    stops=True,
    outage="all",
)
MALFORMED = Meaning(
    "malformed",
    About.GATEWAY,
    "the answer is not what the endpoint promises",
    repeats=True,
    outage="endpoint",
)
GATEWAY = Meaning(
    "gateway", About.GATEWAY, "no answer from iRacing itself", repeats=True, outage="endpoint"
)
EXPIRED = Meaning(
    "expired",
    About.GATEWAY,
    "its links expire before they can be read",
    repeats=True,
    repeat_after_s=0.0,
    outage="endpoint",
)
UNSTORABLE = Meaning("unstorable", About.ITEM, "the database cannot keep the document")
"""Not an answer: the document arrived, and the database refuses it."""

MEANINGS = {
    each.name: each
    for each in (
        GOOD,
        PRIVATE,
        ABSENT,
        REJECTED,
        REFUSED,
        UNAUTHORIZED,
        SCOPE,
        RATE_LIMIT,
        MAINTENANCE,
        MALFORMED,
        GATEWAY,
        EXPIRED,
        UNSTORABLE,
    )
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table; None stands for anything.

    Attributes:
        endpoint: Pattern of the endpoint.
        status: HTTP status.
        body: What the body is.
        codes: Error codes in the JSON, in lower case.
        meaning: Meaning of such an answer.
    """

    endpoint: str
    status: int | None
    body: Body | None
    codes: frozenset[str] | None
    meaning: Meaning


_TOKEN_CODES = frozenset(
    {"insufficient_scope", "invalid_scope", "invalid_token", "access_denied", "unauthorized"}
)
_FORBIDDEN = frozenset({"forbidden"})

TABLE = (
    Rule("*", None, Body.RATE_LIMIT, None, RATE_LIMIT),
    Rule("*", 429, None, None, RATE_LIMIT),
    Rule("*", 200, Body.JSON, None, GOOD),
    Rule("*", 200, None, None, MALFORMED),
    Rule("*", 401, None, None, UNAUTHORIZED),
    Rule("*", 403, Body.JSON, _TOKEN_CODES, SCOPE),
    # The member's own data cannot be private to the member: that is about the token.
    Rule("member/info", 403, Body.JSON, _FORBIDDEN, SCOPE),
    Rule("results/search_*", 403, Body.JSON, _FORBIDDEN, SCOPE),
    Rule("*", 403, Body.JSON, _FORBIDDEN, PRIVATE),
    Rule("*", 403, Body.JSON, None, REFUSED),
    Rule("*", 404, Body.JSON, None, ABSENT),
    Rule("*", 400, Body.JSON, None, REJECTED),
    Rule("*", 503, Body.JSON, frozenset({"site_maintenance", "maintenance"}), MAINTENANCE),
    # Everything else, a page of HTML with any status above all, comes from in front of iRacing.
    Rule("*", None, None, None, GATEWAY),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning that an answer was given.

    Attributes:
        meaning: Its meaning.
        answer: The answer in a few words, such as ``403 forbidden`` or ``403 HTML``.
    """

    meaning: Meaning
    answer: str


def read_answer(endpoint: str, status: int, body: bytes) -> Reading:
    """Return the meaning of an answer.

    Args:
        endpoint: The requested endpoint, such as ``results/get``.
        status: HTTP status.
        body: The body as received.
    """
    kind, code = body_of(body)
    for rule in TABLE:
        if (
            fnmatch(endpoint, rule.endpoint)
            and rule.status in (None, status)
            and rule.body in (None, kind)
            and (rule.codes is None or code in rule.codes)
        ):
            return Reading(rule.meaning, f"{status} {code or kind.value}")
    raise AssertionError("the last rule takes everything")


def body_of(body: bytes) -> tuple[Body, str]:
    """Classify a body, with the error code in its JSON; the code is empty if there is none."""
    text = body.lstrip()
    if not text:
        return Body.EMPTY, ""
    if text[:40].lower().startswith(RATE_LIMIT_TEXT):
        return Body.RATE_LIMIT, ""
    if text[:1] == b"<":
        return Body.HTML, ""
    if text[:1] not in b'{["ntf-0123456789':
        return Body.OTHER, ""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return Body.OTHER, ""
    code = payload.get("error") if isinstance(payload, dict) else None
    return Body.JSON, code.strip().lower().replace(" ", "_")[:40] if isinstance(code, str) else ""
