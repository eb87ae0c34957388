"""Each view and function is an SQL file that runs as it is, and says what the package says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from iracing_pipeline import warehouse
from iracing_pipeline.analysis.lap_kind import REASONS
from iracing_pipeline.tables.dampers import DAMPERS
from iracing_pipeline.warehouse.view import in_words, read_view
from iracing_pipeline.warehouse.views import FUNCTIONS, VIEWS

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

FOLDER = Path(warehouse.__file__).parent / "sql"
FILES = sorted(FOLDER.glob("*/*.sql"))
FORM = """
-- racing.telemetry_lap: With a comma, (a parenthesis) and a 'quote'.
CREATE OR REPLACE VIEW grafana.form AS
SELECT
    lap.lap_number, lap.lap_time_s,
    -- text[]: Words, such as 'a, b' [m/s]
    ARRAY['a, b', 'it''s (c'] AS words,
    -- racing.stint.spread_s
    coalesce(last.value, 1) AS spread,
    -- racing.tyre_set.*
    tyre.tyre_set
FROM racing.telemetry_lap AS lap
CROSS JOIN LATERAL (SELECT * FROM racing.tyre_set) AS tyre;
"""


def test_every_file_is_a_view_or_a_function() -> None:
    assert len(FILES) == len(VIEWS) + len(FUNCTIONS) > 80


def test_every_file_runs_as_it_is(connection: Connection) -> None:
    """Over those that the migration made: so each statement makes the same columns."""
    for path in FILES:
        connection.execute(path.read_bytes())
    for view in VIEWS:
        name = sql.Identifier(*view.name.split("."))
        connection.execute(sql.SQL("EXPLAIN SELECT * FROM {}").format(name))


def test_psql_runs_them(database: str) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    command = [psql, "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", database]
    for path in (FOLDER / "views" / "race_ledger.sql", FOLDER / "functions" / "lap_points.sql"):
        subprocess.run([*command, "--file", path], check=True)


def test_a_file_is_read_with_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "form.sql"
    path.write_text(FORM.lstrip(), "utf-8")
    view = read_view(path)

    assert view.doc.endswith("With a comma, (a parenthesis) and a 'quote'.")
    assert [(each.column.name, each.column.unit) for each in view.columns] == [
        ("lap_number", None),
        ("lap_time_s", "s"),
        ("words", "m/s"),
        ("spread", "s"),
        ("tyre_set", None),
    ]
    assert view.columns[2].expression == "ARRAY['a, b', 'it''s (c']"
    assert view.columns[2].column.comment == "Words, such as 'a, b' [m/s]"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grafana.form", "grafana.other", "makes no view grafana.form"),
        ("lap.lap_number", "lap.no_such", "no column 'racing.telemetry_lap.no_such'"),
        ("    -- racing.stint.spread_s\n", "", "no column ''"),
    ],
)
def test_a_file_that_declares_a_column_wrongly_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "form.sql"
    path.write_text(FORM.lstrip().replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_view(path)


def test_views_use_the_words_of_the_package() -> None:
    text = {view.name: " ".join(view.query.split()) for view in VIEWS}
    assert in_words("each.reason", REASONS) in text["grafana.telemetry_laps"]
    assert in_words("excluded.reason", REASONS) in text["grafana.lap_reasons"]
    for damper, words in DAMPERS.items():
        assert f"WHEN '{damper}' THEN '{words}'" in text["grafana.damper_histograms"]
