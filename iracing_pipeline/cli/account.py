"""Commands that need an account with iRacing."""

from __future__ import annotations

import sys

import click

from iracing_pipeline.child_environment import only_system_variables
from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(epilog="Example: iracing-pipeline login")
def login() -> None:
    """Log in to iRacing's Data API in the browser, once; the token is then stored and renewed."""
    import webbrowser

    from iracing_pipeline.data_api.connect import credentials_of, token_source
    from iracing_pipeline.data_api.login import log_in
    from iracing_pipeline.data_api.oauth import OAUTH_URL, OAuth
    from iracing_pipeline.data_api.outage_store import DatabaseOutageStore
    from iracing_pipeline.data_api.outages import ALL
    from iracing_pipeline.settings import DataApiAccount
    from iracing_pipeline.warehouse import database_url, migrate

    account = DataApiAccount.from_env()
    if account is None:
        raise click.ClickException("Set IRACING_CLIENT_ID to the client id that iRacing issued.")
    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)

    def show(address: str) -> None:
        echo("Log in to iRacing in the browser window. If none opens, open this address:")
        echo(address)
        with only_system_variables():  # the browser goes on when we have ended
            webbrowser.open(address)

    oauth = OAuth(credentials_of(account), url=account.oauth_url or OAUTH_URL)
    token_source(account, settings.home, url).store(log_in(oauth, show))
    # A new token may end what the old one was refused for.
    DatabaseOutageStore(url).remove(ALL)
    echo("Logged in. The token is kept, and renewed as long as it is used weekly.")


@click.command(epilog="Example, as cron runs it: iracing-pipeline collect")
@click.option(
    "--all-seasons", is_flag=True, help="Search every season since you joined, not only the last."
)
def collect(*, all_seasons: bool) -> None:
    """Fetch new results from iRacing and load them, without the UI; for a scheduler.

    It ends at once while another collection runs. The exit code is 1 if something failed.
    """
    from iracing_pipeline.local import collect as collection

    done = collection.collect(Settings.from_env(), echo, all_seasons=all_seasons)
    if done is None:
        echo("Another collection is running on this database: nothing to do.")
        return
    for run, reason in done.failed.items():
        echo(f"{run} failed: {reason}", err=True)
    echo(f"{done.new_races} new races; {done.races} are in the database.")
    sys.exit(1 if done.failed else 0)
