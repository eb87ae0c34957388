"""Pages that need nothing but themselves."""

import base64
import gzip
import hashlib
import json
import re

from iracing_pipeline.page import Page
from iracing_pipeline.page.charts import numbers, plain
from iracing_pipeline.page.document import json_island

HOSTILE = "</script><script>alert(1)</script><!-- & \u2028"


def scripts(html: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)


def a_page() -> Page:
    page = Page(title=HOSTILE)
    page.body = page.charts.add(
        {"data": [{"name": HOSTILE}], "layout": {}}, label=HOSTILE, height_px=100
    )
    return page


def test_nothing_that_is_written_ends_a_script() -> None:
    html = a_page().html()

    assert "alert(1)</script>" not in html
    assert len(scripts(html)) == 1


def test_the_data_comes_back_as_it_was() -> None:
    island = json_island({"name": HOSTILE})

    assert json.loads(island) == {"name": HOSTILE}
    assert "<" not in island


def test_the_policy_names_every_script_and_no_address() -> None:
    html = a_page().html()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    packed = re.search(r'id="plotly">([^<]*)<', html)
    assert packed is not None
    library = gzip.decompress(base64.b64decode(packed[1])).decode()

    for script in (*scripts(html), library):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "script-src 'unsafe" not in policy[1]
    assert "http" not in policy[1]


def test_the_same_page_is_the_same_bytes() -> None:
    assert a_page().html() == a_page().html()


def test_a_page_without_charts_has_no_library() -> None:
    html = Page(title="words", body="<p>words</p>").html()

    assert 'id="plotly"' not in html
    assert len(html) < 30_000


def test_numbers_keep_what_can_be_seen() -> None:
    assert numbers([1.23456, None, float("nan"), float("inf")], 2) == [1.23, None, None, None]


def test_texts_of_figures_hold_no_tags() -> None:
    assert plain("<b>A & B</b>") == "&lt;b&gt;A &amp; B&lt;/b&gt;"
