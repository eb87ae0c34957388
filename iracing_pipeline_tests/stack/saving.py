"""Everything saved, everything wiped, everything brought back: by the documented commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline_tests.stack.engine import StackTestError

if TYPE_CHECKING:
    from iracing_pipeline_tests.stack.engine import Stack

WORKING = ("code-server", "daemon", "webserver", "metrics")
BACKUP = "/data/backup.zip"
# A login is never saved.
_TABLES = (
    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
    " WHERE schemaname IN ('racing', 'raw', 'ops') AND tablename <> 'oauth_token' ORDER BY 1"
)
_LAKE = "cd /data/lake && find . -type f -exec sha256sum {} + | sort -k 2"


def wipe_and_restore(stack: Stack) -> str:
    """A backup, made from a stack that runs, brings back the same rows and files elsewhere."""
    stack.compose("stop", "daemon")  # so that nothing is written between the backup and the look
    stack.inside("code-server", "iracing-pipeline", "backup", BACKUP)
    tables, files = digests(stack), lake(stack)
    saved = stack.clone / "backup.zip"
    stack.compose("cp", f"code-server:{BACKUP}", str(saved))
    saved.chmod(0o644)
    stack.compose("down", "--volumes")
    for recording in stack.telemetry.iterdir():  # so that nothing is loaded again
        recording.unlink()
    stack.up()
    if stack.sessions():
        raise StackTestError("Sessions are there: nothing was wiped")
    stack.compose("cp", str(saved), f"code-server:{BACKUP}")
    stack.compose("stop", *WORKING)
    stack.compose("run", "--rm", "migrate", "iracing-pipeline", "restore", "--replace", BACKUP)
    after = digests(stack)
    stack.compose("start", *WORKING)
    if different := {name for name in tables | after if tables.get(name) != after.get(name)}:
        raise StackTestError(f"Not the same after the restore: {sorted(different)}")
    if lake(stack) != files:
        raise StackTestError("The lake is not the same after the restore")
    return (
        f"{sum(int(rows) for rows, _ in tables.values())} rows of {len(tables)} tables and"
        f" {len(files.splitlines())} files of the lake are the same"
    )


def digests(stack: Stack) -> dict[str, tuple[str, str]]:
    """Number and digest of the rows of each table."""
    result = {}
    for (table,) in stack.sql(_TABLES):
        query = f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t"
        ((rows, digest),) = stack.sql(query)
        result[table] = (rows, digest)
    return result


def lake(stack: Stack) -> str:
    """Digests of the lake's files."""
    return stack.inside("code-server", "sh", "-c", _LAKE)
