from __future__ import annotations

from pathlib import Path

import pytest

from iracing_pipeline.settings import Settings, SettingsError


def test_everything_has_a_default() -> None:
    settings = Settings.from_env({})

    assert settings.home.is_absolute()
    assert settings.telemetry_dir.parts[-2:] == ("iRacing", "telemetry")
    assert settings.results_dir == settings.home / "results"
    assert settings.lake == str(settings.home / "lake")
    assert settings.database_url is None


def test_what_is_set_is_taken(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "IRACING_HOME": str(tmp_path / "home"),
            "IRACING_TELEMETRY_DIR": str(tmp_path / "telemetry"),
            "IRACING_RESULTS_DIR": str(tmp_path / "results"),
            "IRACING_LAKE": "s3://bucket/prefix",
            "IRACING_DATABASE_URL": "postgresql://u:p@h/d",
        }
    )

    assert settings == Settings(
        home=tmp_path / "home",
        telemetry_dir=tmp_path / "telemetry",
        results_dir=tmp_path / "results",
        database_url="postgresql://u:p@h/d",
        lake="s3://bucket/prefix",
    )


def test_an_empty_variable_is_as_good_as_none() -> None:
    names = ("HOME", "TELEMETRY_DIR", "RESULTS_DIR", "LAKE", "DATABASE_URL", "DATABASE_URL_FILE")

    assert Settings.from_env({f"IRACING_{name}": "" for name in names}) == Settings.from_env({})


def test_folders_mean_the_same_in_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = Settings.from_env(
        {"IRACING_HOME": "home", "IRACING_LAKE": "lake", "IRACING_TELEMETRY_DIR": "~/telemetry"}
    )

    assert settings.home == tmp_path / "home"
    assert settings.lake == str(tmp_path / "lake")
    assert settings.telemetry_dir == Path("~/telemetry").expanduser()


def test_a_url_can_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p@h/d\n", encoding="utf-8")

    settings = Settings.from_env({"IRACING_DATABASE_URL_FILE": str(file)})

    assert settings.database_url == "postgresql://u:p@h/d"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"IRACING_DATABASE_URL_FILE names .*nowhere"):
        Settings.from_env({"IRACING_DATABASE_URL_FILE": str(tmp_path / "nowhere")})


def test_a_wrong_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="postgresql://") as raised:
        Settings.from_env({"IRACING_DATABASE_URL": "mysql://me:secret@host/db"})

    assert "secret" not in str(raised.value)
