"""iRacing's builds and the seasons they belong to.

Tyre models and cars change with the build that opens a season, in December, March, June and
September; builds within a season only fix faults. So laps of one season are comparable, and figures
of tyres and pace are not pooled over seasons.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"(20\d\d)\.(\d\d)\.(\d\d)(?:\.\d+)*\Z", re.ASCII)
_OPENS = 12, 3, 6, 9  # months; the first opens the next year's first season


def build_season(version: str | None) -> str | None:
    """Return the season that a build belongs to, by the month of its date.

    A build of the first days of such a month that closes the season before is counted as the new
    one's.

    Args:
        version: ``BuildVersion``, such as ``2026.03.09.01``.

    Returns:
        Year and season, such as ``2026 S2``; None for what is no version.

    >>> build_season("2025.12.08.02"), build_season("2026.02.10.01"), build_season("2026.06.09.01")
    ('2026 S1', '2026 S1', '2026 S3')
    """
    match = _VERSION.match(version or "")
    if match is None:
        return None
    year, month = int(match[1]), int(match[2])
    if not 1 <= month <= 12:
        return None
    return f"{year + (month == _OPENS[0])} S{month % 12 // 3 + 1}"
