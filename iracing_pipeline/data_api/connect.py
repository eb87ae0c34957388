"""The Data API of an account, with the token kept where all processes find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.data_api.client import DATA_API_URL, DataApi
from iracing_pipeline.data_api.database_token_store import DatabaseTokenStore
from iracing_pipeline.data_api.oauth import OAUTH_URL, OAuth
from iracing_pipeline.data_api.outage_store import DatabaseOutageStore
from iracing_pipeline.data_api.outages import Outages
from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline.data_api.stats import ApiStats
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Credentials, TokenState

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.data_api.token_store import TokenStore
    from iracing_pipeline.settings import DataApiAccount

TOKEN_FILE = "oauth-token.json"  # noqa: S105 - the name of a file
SHORTEST_KEY = 8


def credentials_of(account: DataApiAccount) -> Credentials:
    """The credentials of an account."""
    return Credentials(account.client_id, account.client_secret, account.username, account.password)


def token_source(
    account: DataApiAccount, home: Path, dsn: str | None, stats: ApiStats | None = None
) -> TokenSource:
    """Make the source of an account's access tokens.

    Args:
        account: The account.
        home: The data folder, which keeps the token when the database cannot.
        dsn: The database; None when there is none.
        stats: Counter of token requests.
    """
    oauth = OAuth(credentials_of(account), url=account.oauth_url or OAUTH_URL, stats=stats)
    return TokenSource(oauth, _store(account, home, dsn))


def stored_token(account: DataApiAccount, home: Path, dsn: str | None) -> TokenState:
    """Return the stored login of an account; makes no request to iRacing.

    Args:
        account: The account.
        home: The data folder.
        dsn: The database; None when there is none.

    Raises:
        ApiUnavailableError: If the store does not answer.
    """
    store = _store(account, home, dsn)
    if isinstance(store, FileTokenStore) and not store.path.exists():
        return TokenState()
    with store.locked() as slot:
        return slot.load()


def connect(account: DataApiAccount, home: Path, dsn: str | None) -> DataApi:
    """The Data API of an account; nothing is asked yet.

    Args:
        account: The account.
        home: The data folder.
        dsn: The database; None when there is none.
    """
    stats = ApiStats()
    return DataApi(
        token_source(account, home, dsn, stats),
        url=account.url or DATA_API_URL,
        limit=TokenBucket(account.calls_per_minute, burst=max(6, account.calls_per_minute // 20)),
        stats=stats,
        outages=Outages(None if dsn is None else DatabaseOutageStore(dsn)),
    )


def _store(account: DataApiAccount, home: Path, dsn: str | None) -> TokenStore:
    # The row's key comes from a secret that is not in the database; a public client has none.
    key = account.client_secret or account.password
    if dsn is None or key is None or len(key) < SHORTEST_KEY:
        return FileTokenStore(home / TOKEN_FILE)
    return DatabaseTokenStore(dsn, account.client_id, key)
