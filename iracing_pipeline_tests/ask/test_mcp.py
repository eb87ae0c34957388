"""The server as a client of the official SDK meets it, over stdio and over HTTP."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import pytest
import uvicorn

mcp = pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import ClientSession, StdioServerParameters  # noqa: E402 - only where it is installed
from mcp.client.stdio import stdio_client  # noqa: E402

from iracing_pipeline.ask import QUESTIONS  # noqa: E402
from iracing_pipeline.ask.mcp_server import PROMPTS, http_app  # noqa: E402
from iracing_pipeline_tests.prometheus_server import free_port  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from iracing_pipeline.ask import Database
    from iracing_pipeline_tests.dashboards.conftest import Demo


Result = TypeVar("Result")


def over_stdio(demo: Demo, talk: Callable[[ClientSession], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "iracing_pipeline", "mcp"], env=environment(demo)
        )
        async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            return await talk(session)

    return anyio.run(run)


def environment(demo: Demo) -> dict[str, str]:
    return {**demo.env, "IRACING_READER_PASSWORD": "for tests"}


def test_every_question_is_a_tool_that_only_reads(demo: Demo) -> None:
    tools = over_stdio(demo, lambda session: session.list_tools()).tools

    assert {tool.name for tool in tools} == {*QUESTIONS, "query"}
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert "untrusted" in (tool.description or "")


def test_an_answer_is_text_and_structure(demo: Demo) -> None:
    async def talk(session: ClientSession) -> Any:
        return await session.call_tool("session", {"session": "2026-03-07"})

    result = over_stdio(demo, talk)

    assert not result.is_error
    row = result.structured_content["rows"][0]
    assert row["best_lap_time_s"]["unit"] == "s"
    assert row["best_lap_time_s"]["n"] == row["clean_lap_count"]
    assert result.structured_content["query"].startswith("SELECT")
    assert "Halden Ridge" in result.content[0].text


def test_a_wrong_call_is_an_answer_that_says_so(demo: Demo) -> None:
    async def talk(session: ClientSession) -> list[Any]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("query", {"sql": "SELECT pg_sleep(10)"}),
            ("sessions", {"colour": "red"}),
            ("finish_order", {"race": "x\x1b[2J"}),
        ]
        return [await session.call_tool(name, given) for name, given in calls]

    for result in over_stdio(demo, talk):
        assert result.is_error
        assert "\x1b" not in result.content[0].text


def test_resources_and_prompts_can_be_read(demo: Demo) -> None:
    async def talk(session: ClientSession) -> tuple[Any, Any, list[Any]]:
        schema = await session.read_resource("iracing://schema")
        analysis = await session.read_resource("iracing://analysis")
        return schema, analysis, [await session.get_prompt(name) for name in PROMPTS]

    schema, analysis, prompts = over_stdio(demo, talk)

    views = json.loads(schema.contents[0].text)
    assert views["grafana.telemetry_laps"]["columns"]["lap_time_s"].endswith("[s]")
    assert analysis.contents[0].text.startswith("# Analysis")
    assert all(prompt.messages for prompt in prompts)


def test_the_tools_that_prompts_name_exist() -> None:
    for _, text in PROMPTS.values():
        named = {word.strip(".,") for word in text.split() if "_" in word}
        assert named - {"session=last,"} <= {*QUESTIONS}


@pytest.fixture
def served(garage: Database) -> Iterator[str]:
    """The server over HTTP, in a thread; its URL."""
    port = free_port()
    app = http_app(garage, host="127.0.0.1", port=port, token="right")  # noqa: S106 - for tests
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    thread.join(10)


def post(url: str, **headers: str) -> int:
    """Status of a request that lists the tools."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    given = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
        **headers,
    }
    request = urllib.request.Request(url, json.dumps(body).encode(), given)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - ours
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_over_http_only_who_knows_the_token_is_answered(served: str) -> None:
    assert post(served, Authorization="Bearer right") == 200
    assert post(served) == 401
    assert post(served, Authorization="Bearer wrong") == 401
    assert post(served, Authorization="right") == 401


def test_over_http_a_foreign_host_or_origin_is_refused(served: str) -> None:
    assert post(served, Authorization="Bearer right", Host="evil.example") in {403, 421}
    assert post(served, Authorization="Bearer right", Origin="https://evil.example") == 403
