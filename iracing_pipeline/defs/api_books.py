"""Write down what a step asked of the Data API, also when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from iracing_pipeline.data_api import DataApi
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.settings import DataApiAccount
from iracing_pipeline.warehouse import api_books


@contextmanager
def counted(warehouse: WarehouseResource, api: DataApi) -> Iterator[None]:
    """Count the requests of a step in ``ops.api_request``, in a separate transaction."""
    try:
        yield
    finally:
        account, seen = DataApiAccount.from_env(), api.stats.snapshot()
        with warehouse.connect() as connection:
            api_books.add(
                connection,
                client=account.client_id if account else "",
                calls=seen.calls,
                quota_limit=seen.quota_limit,
                quota_remaining=seen.quota_remaining,
                login_ends_at=api.login_ends_at,
            )
