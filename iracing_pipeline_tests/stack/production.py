"""Checks of a production stack: TLS to the database, and a proxy before the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from iracing_pipeline.stack import env_file
from iracing_pipeline_tests.stack.engine import SERVICES, StackTestError, command, free_port

if TYPE_CHECKING:
    from iracing_pipeline_tests.stack.engine import Stack

NAME = "localhost"
PORTS = ("IRACING_DAGSTER_TLS_PORT", "IRACING_GRAFANA_TLS_PORT")
PAGES = ("/server_info", "/api/health")
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


def set_up(stack: Stack) -> None:
    """By the documented command, for this machine's own name."""
    command(
        *(stack.python, "-m", "iracing_pipeline", "stack", "setup", "--production", NAME),
        *("--telemetry", str(stack.telemetry)),
        cwd=stack.clone,
    )
    stack.ports |= {port: free_port() for port in PORTS}
    env_file.add(stack.clone / ".env", {port: str(stack.ports[port]) for port in PORTS})


def database_speaks_tls_alone(stack: Stack) -> str:
    """All connections are encrypted; who would not be, or trusts another server, is refused."""
    plain = stack.sql(
        "SELECT DISTINCT usename FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
        " WHERE client_addr IS NOT NULL AND version IS DISTINCT FROM 'TLSv1.3'"
    )
    if plain:
        raise StackTestError(f"Without TLS 1.3 are connected: {plain}")
    for given, message in (
        ("", "TLSv1.3"),
        ("sslmode=disable", "no encryption"),
        ("sslrootcert=/etc/ssl/certs/ca-certificates.crt", "certificate verify failed"),
    ):
        script = (
            "import psycopg\n"
            f"with psycopg.connect('postgresql://iracing_app@postgres/iracing?{given}') as c:\n"
            "    mine = 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'\n"
            "    print(c.execute(mine).fetchone())"
        )
        output = stack.inside("code-server", "sh", "-c", f'python -c "{script}" 2>&1', check=False)
        if message not in output:
            raise StackTestError(f"With {given!r} the database says {output.splitlines()[-1:]}")
    return "TLSv1.3; refused without it, and with another authority"


def only_the_proxy_is_reached(stack: Stack) -> str:
    """No other service publishes a port."""
    published = {
        service
        for service in (*SERVICES, "proxy")
        if any((stack.inspect(service)["NetworkSettings"]["Ports"] or {}).values())
    }
    if published != {"proxy"}:
        raise StackTestError(f"Ports are published by {published}")
    return "no other service publishes a port"


def proxy_asks_who_is_there(stack: Stack) -> str:
    """A certificate of the stack's authority, a password, and no request of other sites."""
    login, wrong = ("admin", stack.secret("proxy_password")), ("admin", "guess")
    for port, page in zip(PORTS, PAGES, strict=True):
        for who, headers, wanted in (
            (None, {}, 401),
            (wrong, {}, 401),
            (login, {}, 200),
            (login, FOREIGN, 403),
        ):
            answer = requests.get(
                f"https://{NAME}:{stack.ports[port]}{page}",
                auth=who,
                headers=headers,
                verify=str(stack.clone / "secrets/ca_certificate"),
                timeout=30,
            )
            if answer.status_code != wanted:
                raise StackTestError(f"{page}: {answer.status_code}, where {wanted} is right")
    return "401 without the password, 200 with it, 403 for other sites; on both ports"
