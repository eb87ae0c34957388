"""Commands that answer questions: in the terminal, in scripts, and to assistants."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import click

from iracing_pipeline import private
from iracing_pipeline.cli.console import PORT, echo
from iracing_pipeline.settings import AskSettings, Settings

if TYPE_CHECKING:
    from iracing_pipeline.ask import Database

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(
    epilog="Example: iracing-pipeline ask laps session=last; iracing-pipeline ask race_plan"
    " track=Spa 'length=45 min' --json"
)
@click.argument("question", required=False)
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def ask(question: str | None, parameters: tuple[str, ...], *, as_json: bool) -> None:
    """Answer a question about your data; without one, list the questions.

    Every figure comes with its unit and n, the number of laps, races or stops behind it.
    """
    from iracing_pipeline import ask as asking

    if question is None:
        _list_questions()
        return
    given = dict(_pair(text) for text in parameters)
    try:
        if question == "query":
            answer = asking.query(_database(), given.get("sql", ""))
        else:
            answer = asking.ask(_database(), question, given)
    except asking.AskError as error:
        raise click.ClickException(str(error)) from error
    echo(
        json.dumps(answer.to_json(), indent=2, ensure_ascii=False) if as_json else answer.to_text()
    )


@click.command(
    epilog="Example, as an assistant starts it: iracing-pipeline mcp; for several clients:"
    " iracing-pipeline mcp --http"
)
@click.option("--http", is_flag=True, help="Serve HTTP on this machine instead of stdio.")
@click.option("--port", type=PORT, default=9412, show_default=True, help="Port for --http.")
def mcp(*, http: bool, port: int) -> None:
    """Answer an assistant's questions over the Model Context Protocol."""
    try:
        import anyio

        from iracing_pipeline.ask import mcp_server
    except ImportError as error:
        raise click.ClickException(
            "The server needs the extra mcp. Install it: pip install 'iracing-pipeline[mcp]'"
        ) from error
    database = _database()
    if not http:
        anyio.run(mcp_server.serve_stdio, database)
        return
    import uvicorn  # comes with the extra

    token, where = _token()
    echo(f"Serving http://127.0.0.1:{port}/mcp; its token is in {where} (Ctrl+C ends it)")
    app = mcp_server.http_app(database, host="127.0.0.1", port=port, token=token)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _list_questions() -> None:
    from iracing_pipeline.ask import QUESTIONS

    for question in QUESTIONS.values():
        echo(f"{question.name}: {question.title}")
        for each in question.parameters:
            need = "" if each.required else " (optional)"
            echo(f"    {each.name}=...  {each.doc}{need}")
    echo("query: One SELECT of your own over the views of schema grafana.")
    echo("    sql=...  The statement")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.ClickException(f"Write NAME=VALUE, such as session=last, not {text!r}")
    return name, value


def _database() -> Database:
    """The database as its reader, without anything else's secrets at hand."""
    from iracing_pipeline.ask import Database
    from iracing_pipeline.warehouse import reader_url

    password = AskSettings.from_env().reader_password
    return Database(reader_url(Settings.from_env(), password=password))


def _token() -> tuple[str, str]:
    """The token that clients send, and where it can be read; made once."""
    token = AskSettings.from_env().mcp_token
    if token is not None:
        return token, "IRACING_MCP_TOKEN"
    file = Settings.from_env().home / "mcp_token"
    return private.secret(file, lambda: secrets.token_urlsafe(32)), str(file)
