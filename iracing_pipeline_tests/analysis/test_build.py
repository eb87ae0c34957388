import pytest

from iracing_pipeline.analysis.build import build_season


@pytest.mark.parametrize(
    ("version", "season"),
    [
        ("2024.06.10.01", "2024 S3"),
        ("2025.01.08.01", "2025 S1"),
        ("2025.03.10.02", "2025 S2"),
        ("2025.11.24.01", "2025 S4"),
        ("2025.12.08.01", "2026 S1"),
        ("2026.02.10.01", "2026 S1"),
        ("2026.13.10.01", None),
        ("", None),
        (None, None),
        ("next", None),
    ],
)
def test_a_build_belongs_to_a_season(version: str | None, season: str | None) -> None:
    assert build_season(version) == season
