"""The login to iRacing's Data API, as far as it is known without asking."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.connect import credentials_of, stored_token
from iracing_pipeline.data_api.errors import DataApiError
from iracing_pipeline.local.check.finding import ok, warning, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.data_api.tokens import TokenState
    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.settings import DataApiAccount

SUBJECT = "Data API"
_SOON_S = 86_400.0
_LOG_IN = "Run: iracing-pipeline login"


def account(account: DataApiAccount | None, home: Path, url: str | None) -> list[Finding]:
    """Whether the account can be used, by what is stored of it.

    Args:
        account: The account in the settings; None without one.
        home: The data folder.
        url: The database, if it is migrated.
    """
    if account is None:
        return [ok(SUBJECT, "no client id is set: results come from files")]
    if (account.username is None) != (account.password is None):
        advice = "Set both IRACING_USERNAME and IRACING_PASSWORD, or neither"
        return [wrong(SUBJECT, "of user name and password, one is not set", advice)]
    try:
        state = stored_token(account, home, url)
    except DataApiError as error:
        return [wrong(SUBJECT, str(error), "See what holds it, and try again")]
    return [_of(account, state, time.time())]


def _of(account: DataApiAccount, state: TokenState, now: float) -> Finding:
    refusal, token = state.refusal, state.token
    if (
        refusal is not None
        and refusal.until > now
        and refusal.credentials == credentials_of(account).fingerprint
    ):
        message = f"iRacing refused the login: {refusal.reason}"
        advice = (
            f"Correct the account in the settings. It is tried again at {_clock(refusal.until)}"
        )
        return wrong(SUBJECT, message, advice)
    if account.password is not None:
        kept = "a token is kept" if token is not None else "it logs in when first used"
        return ok(SUBJECT, f"account with a password; {kept}")
    if token is None:
        return wrong(SUBJECT, "there is a client id, and nobody is logged in", _LOG_IN)
    ends = token.refresh_expires_at if token.refresh else token.expires_at
    if ends <= now:
        return wrong(SUBJECT, f"the login ended at {_clock(ends)}", _LOG_IN)
    if ends < now + _SOON_S:
        return warning(SUBJECT, f"the login ends at {_clock(ends)} unless it is used", _LOG_IN)
    return ok(SUBJECT, f"logged in; the login can be renewed until {_clock(ends)}")


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
