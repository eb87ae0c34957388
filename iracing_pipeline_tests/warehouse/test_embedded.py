from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from iracing_pipeline.warehouse import embedded
from iracing_pipeline.warehouse.embedded import binaries
from iracing_pipeline.warehouse.embedded.postmaster import Postmaster
from iracing_pipeline.warehouse.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.skipif(os.name == "nt", reason="process groups and signals of POSIX")
as_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root can act as another user"
)

ROOT = Path(__file__).parents[2]
PYTHON = os.path.realpath(sys.executable)

START = (
    "import sys; from pathlib import Path; from iracing_pipeline.warehouse import embedded;"
    "print(embedded.start(Path(sys.argv[1])))"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    embedded.stop(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("shared")
    embedded.start(home)
    yield home
    embedded.stop(home)


def starting(home: Path, **options: Any) -> subprocess.Popen[str]:
    return running(START, str(home), **options)


def acting_as(user: Any) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def running(program: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        **options,
    )


def fetch(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def postmaster_pid(home: Path) -> int:
    postmaster = Postmaster.read(home / "postgres" / "data")
    assert postmaster is not None
    return postmaster.pid


def crash(home: Path) -> None:
    process = psutil.Process(postmaster_pid(home))
    everything = [process, *process.children(recursive=True)]
    for each in everything:
        with suppress(psutil.NoSuchProcess):  # a worker ends by itself without its postmaster
            each.kill()
    psutil.wait_procs(everything, timeout=10)


def test_eight_processes_start_one_server(home: Path) -> None:
    processes = [starting(home) for _ in range(8)]
    outputs = [process.communicate(timeout=120) for process in processes]
    # Nothing on stderr either: no warning of a library reaches the user.
    assert {error for _, error in outputs} == {""}
    urls = {out.strip() for out, _ in outputs}
    assert len(urls) == 1
    assert fetch(urls.pop(), "SELECT 1") == 1


@posix
def test_server_survives_the_death_of_its_starter(home: Path) -> None:
    starter = running(START + "; import time; time.sleep(60)", str(home), start_new_session=True)
    deadline = time.monotonic() + 60
    while not (url := embedded_url(home)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert url is not None
    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert fetch(url, "SELECT 1") == 1


def embedded_url(home: Path) -> str | None:
    return embedded.server._Server(home).url_if_running()


def test_rows_survive_a_kill_of_the_server(home: Path) -> None:
    url = embedded.start(home)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    crash(home)
    assert embedded.start(home) == url
    assert fetch(url, "SELECT answer FROM kept") == 42


@posix
def test_starts_when_only_the_postmaster_was_killed(home: Path) -> None:
    url = embedded.start(home)
    os.kill(postmaster_pid(home), signal.SIGKILL)
    assert fetch(embedded.start(home), "SELECT 1") == 1
    assert embedded.start(home) == url


def test_starts_after_a_crash_whose_process_number_is_taken(home: Path) -> None:
    url = embedded.start(home)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    output = pid_file.read_text(encoding="utf-8").splitlines()
    crash(home)
    pid_file.write_text("\n".join([str(os.getppid()), *output[1:]]) + "\n", encoding="utf-8")
    assert fetch(embedded.start(home), "SELECT 1") == 1
    assert embedded.start(home) == url


def test_starts_after_a_crash_that_left_an_empty_pid_file(home: Path) -> None:
    embedded.start(home)
    crash(home)
    (home / "postgres" / "data" / "postmaster.pid").write_bytes(b"")
    assert fetch(embedded.start(home), "SELECT 1") == 1


def test_starts_after_a_start_that_was_killed_half_way(home: Path) -> None:
    half = home / "postgres" / "data.0a0a0a0a.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n", encoding="utf-8")
    assert fetch(embedded.start(home), "SELECT 1") == 1
    assert not half.exists()


def test_long_path_gets_a_loopback_port_that_stays(home: Path) -> None:
    deep = home / ("long folder " * 5) / ("name's " * 8)
    assert len(str(deep)) > 100
    deep.mkdir(parents=True)
    try:
        url = embedded.start(deep)
        assert urlsplit(url).hostname == "127.0.0.1"
        assert fetch(url, "SELECT 1") == 1
        assert embedded.stop(deep)
        assert embedded.start(deep) == url
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(str(urlsplit(url).password), "wrong"))
    finally:
        embedded.stop(deep)


@posix
def test_folder_that_cannot_hold_a_socket_gets_a_loopback_port(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    (home / "postgres" / "data" / ".s.PGSQL.5432").mkdir()
    url = embedded.start(home)
    assert urlsplit(url).hostname == "127.0.0.1"
    assert fetch(url, "SELECT 1") == 1


def test_lost_password_is_said_so(home: Path) -> None:
    embedded.start(home)
    (home / "postgres" / "owner.password").write_text("another", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match=r"Restore .*owner\.password"):
        embedded.start(home)


def test_stop_and_start_again(home: Path) -> None:
    assert not embedded.stop(home)
    url = embedded.start(home)
    assert embedded.stop(home)
    assert not embedded.stop(home)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert embedded.start(home) == url


def test_a_client_needs_the_password(shared: Path) -> None:
    url = embedded.start(shared)
    password = urlsplit(url).password
    assert password
    assert len(password) >= 32
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(password, "wrong"))


@posix
def test_secrets_and_data_are_closed_to_others(shared: Path) -> None:
    embedded.reader_password(shared)
    folder = shared / "postgres"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {
        "data": 0o700,
        "lock": 0o600,
        "owner.password": 0o600,
        "reader.password": 0o600,
    }
    assert not folder.stat().st_mode & stat.S_IRWXO


def test_sorts_and_stores_the_same_everywhere(shared: Path) -> None:
    url = embedded.start(shared)
    settings = (
        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale)"
        " FROM pg_database WHERE datname = current_database()"
    )
    assert fetch(url, settings) == "UTF8 b C.UTF-8"
    assert fetch(url, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,B,a,É}'::text[]) x") == (
        "BabÉ"
    )


def test_what_is_committed_is_on_the_disk(shared: Path) -> None:
    url = embedded.start(shared)
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert fetch(url, f"SHOW {setting}") == "on"
    assert fetch(url, "SHOW max_wal_size") == "2GB"
    assert fetch(url, "SHOW timezone") == "UTC"


def test_url_works_with_psql(shared: Path) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    environment = {**os.environ, "PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody"}
    out = subprocess.run(
        [psql, embedded.start(shared), "-Atc", "SELECT current_database()"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert out.stdout == "iracing\n"


def test_starts_anew_where_the_folder_of_a_running_server_was_deleted(home: Path) -> None:
    embedded.start(home)
    shutil.rmtree(home / "postgres")

    url = embedded.start(home)

    servers = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(home / "postgres" / "data") in (process.info["cmdline"] or [])
    ]
    assert len(servers) == 1
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        binaries, "find_spec", lambda name: None if "pgserver" in name else find_spec(name)
    )
    with pytest.raises(EmbeddedServerError, match=r"pip install 'iracing-pipeline\[embedded\]'"):
        embedded.start(tmp_path)
    assert not (tmp_path / "postgres" / "data").exists()


def test_refuses_a_database_of_another_version(home: Path) -> None:
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 15"):
        embedded.start(home)


def test_says_why_the_server_does_not_start(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    (home / "postgres" / "data" / "postgresql.auto.conf").write_text(
        "shared_buffers = 'nonsense'\n", encoding="utf-8"
    )
    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        embedded.start(home)


def test_home_that_is_a_file(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match="IRACING_HOME"):
        embedded.start(home)


@as_root
def test_runs_as_a_normal_user_and_keeps_others_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if not all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(PYTHON).parents):
        pytest.skip("other users may not run this Python")
    pwd = pytest.importorskip("pwd")
    home = tmp_path_factory.mktemp("users")
    for folder in (home, *home.parents):
        # The last is that of one of several processes which run the tests.
        if "pytest" in folder.name or folder.name.startswith(("iracing-tests-", "popen-")):
            folder.chmod(0o711)
    daemon, nobody = (acting_as(pwd.getpwnam(name)) for name in ("daemon", "nobody"))
    os.chown(home, daemon["user"], daemon["group"])
    out, error = starting(home, **daemon).communicate(timeout=60)
    assert error == ""
    url = out.strip()
    assert (home / "postgres" / "data").stat().st_uid == daemon["user"]
    # Root may stop, start and use it too.
    assert embedded.stop(home)
    assert embedded.start(home) == url
    assert fetch(url, "SELECT 1") == 1
    # Another user may neither read the password nor reach the socket with it.
    assert "belongs to another user" in starting(home, **nobody).communicate(timeout=60)[1]
    connect = running(f"import psycopg; psycopg.connect({url!r})", **nobody)
    assert "Permission denied" in connect.communicate(timeout=60)[1]
    embedded.stop(home)


def test_a_copied_folder_does_not_lead_to_the_server_it_was_copied_from(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    for data in (original, copy):
        data.mkdir()
        (data / "postmaster.pid").write_text(f"1\n{original}\n0\n5432\n{original}\n\n")

    assert Postmaster.read(original) is not None
    assert Postmaster.read(copy) is None
