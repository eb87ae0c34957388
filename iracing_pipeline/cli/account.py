"""The command that logs in to iRacing."""

from __future__ import annotations

import click

from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command()
def login() -> None:
    """Log in to iRacing's Data API in the browser, once; the token is then kept and renewed."""
    import webbrowser

    from iracing_pipeline.data_api.connect import credentials_of, token_source
    from iracing_pipeline.data_api.login import log_in
    from iracing_pipeline.data_api.oauth import OAUTH_URL, OAuth
    from iracing_pipeline.settings import DataApiAccount
    from iracing_pipeline.warehouse import database_url, migrate

    account = DataApiAccount.from_env()
    if account is None:
        raise click.ClickException("Set IRACING_CLIENT_ID to the client id that iRacing issued.")
    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)

    def show(address: str) -> None:
        click.echo("Log in to iRacing in the browser window. If none opens, open this address:")
        click.echo(address)
        webbrowser.open(address)

    oauth = OAuth(credentials_of(account), url=account.oauth_url or OAUTH_URL)
    token_source(account, settings.home, url).store(log_in(oauth, show))
    click.echo("Logged in. The token is kept, and renewed as long as it is used weekly.")
