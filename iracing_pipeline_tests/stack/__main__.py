"""``python -m iracing_pipeline_tests.stack``: the stack on a real engine, from a fresh clone.

Builds it and starts it by the README's command under a name of its own, drops files in, looks at
every container, starts it as others reach it, kills each container under load, fills volumes,
saves, wipes and restores it, and starts it from an older commit and upgrades. Everything that it
made is gone at the end. Needs Docker; exits with 77 and a message without it. The exit code
is 1 if anything does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.stack import env_file
from iracing_pipeline.stack.compose import program
from iracing_pipeline.stack.errors import StackError
from iracing_pipeline_tests.stack import checks, faults, production, saving
from iracing_pipeline_tests.stack.engine import OURS, ROOT, SERVICES, Stack, StackTestError, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CANNOT = 77
# Volumes in memory, so small that they can be filled. PostgreSQL ends when it cannot write, and a
# volume would be gone with the last container that has it; so there is one more, which only waits.
SMALL = """\
services:
  keeper:
    image: postgres:17-trixie
    user: "999:999"
    init: true
    entrypoint: [sleep, infinity]
    healthcheck: {test: [CMD, "true"], interval: 5s}
    network_mode: none
    volumes: ["postgres:/var/lib/postgresql/data", "data:/data"]
volumes:
  data: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=64m,uid=10001,gid=10001,mode=0755"}}
  postgres: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=400m,uid=999,gid=999,mode=0700"}}
"""


def say(what: str, found: object = "") -> None:
    """One line, at once."""
    print(f"{what:34} {found}", flush=True)


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Rows, in columns."""
    for row in rows:
        print("  " + "  ".join(f"{cell:28}" for cell in row).rstrip(), flush=True)


def basics(stack: Stack, _arguments: argparse.Namespace) -> None:
    """Start-up, data, hardening."""
    say("from nothing to healthy", f"{stack.up():.0f} s")
    say("files arrive", checks.files_arrive(stack, 5))
    say("containers are hardened (uid, capabilities, ports)")
    table(checks.containers_are_hardened(stack))
    say("images (MB, user)")
    table(checks.images(stack))
    for check in (
        checks.secrets_stay_files,
        checks.image_has_no_build_tools,
        checks.database_is_out_of_reach,
        checks.roles_are_apart,
    ):
        say(check.__name__.replace("_", " "), check(stack))
    say("starting again, nothing to do", f"{stack.up():.0f} s")


def crashes(stack: Stack, arguments: argparse.Namespace) -> None:
    """Containers, and the engine, that are killed while files arrive."""
    stack.up()
    checks.rows_arrive(stack, 3)
    say("faults (s until healthy)")
    table(faults.kill_each(stack, arguments.files))
    if arguments.restart_engine:
        table([faults.restart_engine(stack, arguments.restart_engine, arguments.files)])


def small_volumes(stack: Stack, arguments: argparse.Namespace) -> None:
    """Volumes that are full."""
    (stack.clone / "small.yml").write_text(SMALL, encoding="utf-8")
    files = {"COMPOSE_PATH_SEPARATOR": ",", "COMPOSE_FILE": "docker-compose.yml,small.yml"}
    env_file.add(stack.clone / ".env", files)
    say("with small volumes, healthy", f"{stack.up():.0f} s")
    checks.rows_arrive(stack, 3)
    table([faults.fill(stack, "data", arguments.files // 2)])
    table([faults.fill(stack, "postgres", arguments.files // 2)])


def saved(stack: Stack, _arguments: argparse.Namespace) -> None:
    """A backup, a wipe, a restore."""
    stack.up()
    checks.rows_arrive(stack, 5)
    say("backup, wipe, restore", saving.wipe_and_restore(stack))


def upgrade(stack: Stack, arguments: argparse.Namespace) -> None:
    """From an older commit's image to this one's."""
    say(f"as of {arguments.upgrade_from}, healthy", f"{stack.up():.0f} s")
    checks.rows_arrive(stack, 5)
    before, old = faults.books(stack), stack.inspect("code-server")["Image"]
    stack.checkout(arguments.head)
    say("upgraded, healthy", f"{stack.up():.0f} s")
    images = {stack.inspect(service)["Image"] for service in OURS}
    if images & {old}:
        raise StackTestError("The upgrade changed nothing: its image is the older one's")
    if faults.books(stack) != before:
        raise StackTestError("The upgrade changed what was in the database")
    checks.rows_arrive(stack, 2)
    say("upgrade keeps data", "all tables the same; new files are loaded")


def in_production(stack: Stack, _arguments: argparse.Namespace) -> None:
    """With TLS and the proxy, for others to reach."""
    production.set_up(stack)
    say("in production, healthy", f"{stack.up():.0f} s")
    say("files arrive", f"3 after {checks.rows_arrive(stack, 3):.0f} s")
    say("containers are hardened (uid, capabilities, ports)")
    table(checks.containers_are_hardened(stack, (*SERVICES, "proxy")))
    for check in (
        checks.secrets_stay_files,
        production.database_speaks_tls_alone,
        production.only_the_proxy_is_reached,
        production.proxy_asks_who_is_there,
    ):
        say(check.__name__.replace("_", " "), check(stack))


def main() -> int:
    """Run with the arguments of the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=30, help="files that arrive during a fault")
    parser.add_argument("--restart-engine", metavar="COMMAND", help="restarts the engine")
    parser.add_argument("--upgrade-from", default="HEAD~1", metavar="COMMIT")
    parser.add_argument("--python", default=sys.executable, help="what runs the README's command")
    parser.add_argument(
        "--only", choices=["basics", "production", "crashes", "volumes", "backup", "upgrade"]
    )
    arguments = parser.parse_args()
    try:
        program()
    except StackError as error:
        print(f"This cannot run here: {error}", file=sys.stderr)
        return CANNOT
    arguments.head = command("git", "-C", str(ROOT), "rev-parse", "HEAD").strip()
    parts: dict[str, tuple[Callable[[Stack, argparse.Namespace], None], str]] = {
        "basics": (basics, arguments.head),
        "production": (in_production, arguments.head),
        "crashes": (crashes, arguments.head),
        "volumes": (small_volumes, arguments.head),
        "backup": (saved, arguments.head),
        "upgrade": (upgrade, arguments.upgrade_from),
    }
    failed = False
    for name, (part, commit) in parts.items():
        if arguments.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="iracing-stack-") as folder:
                own = f"iracing-test-{uuid.uuid4().hex[:6]}"
                with Stack.cloned(
                    Path(folder), own, python=arguments.python, commit=commit
                ) as stack:
                    stack.stage(10 + 2 * arguments.files)
                    try:
                        part(stack, arguments)
                    except StackTestError as error:
                        failed = True
                        say("FAILED", error)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
