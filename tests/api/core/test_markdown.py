"""Markdown: what people may write with, and what never reaches a browser."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.errors import Invalid
from api.core.markdown import fitting_url, mentions, to_html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>\n"),
        ("# big\n\n### small", "<h3>big</h3>\n<h3>small</h3>\n"),
        ("||it was **he**||", '<p><span class="spoiler" tabindex="0">it was <strong>he</strong></span></p>\n'),
        ("one || alone", "<p>one || alone</p>\n"),
        ("||a|| and ||", '<p><span class="spoiler" tabindex="0">a</span> and ||</p>\n'),
        ("`||code||` and `@ada`", "<p><code>||code||</code> and <code>@ada</code></p>\n"),
        ("hi @ada!", '<p>hi <a href="/forum/u/ada" rel="nofollow ugc noopener">@ada</a>!</p>\n'),
        ("me@example.org", "<p>me@example.org</p>\n"),
        ("[x @ada](https://a.b)", '<p><a href="https://a.b" rel="nofollow ugc noopener">x @ada</a></p>\n'),
        ("![x](https://a.b/c.png)", '<p>!<a href="https://a.b/c.png" rel="nofollow ugc noopener">x</a></p>\n'),
        ("<b onclick=x>bold</b>", "<p>&lt;b onclick=x&gt;bold&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)  # fmt: skip
def test_what_is_written_and_what_is_shown(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


def test_tables() -> None:
    html = to_html("| a | b |\n|---|---|\n| 1 | 2 |")
    assert re.sub(r"\s", "", html) == (
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    )


@given(st.text(alphabet=st.sampled_from("<>\"'=&/:()[]!|@*_`~#\n aonscriptjavhef"), max_size=200))
def test_nothing_that_runs_comes_out(markdown: str) -> None:
    html = to_html(markdown)
    for tag in re.findall(r"<[^>]*>", html):
        assert not re.search(r"<\s*(script|img|style|iframe)|\son\w+\s*=|javascript:", tag, re.IGNORECASE), html


def test_who_is_called() -> None:
    assert mentions("@ada and @bob, @ada; me@mail and x/@path") == ["ada", "bob"]


@pytest.mark.parametrize("url", ["http://a.b", " https://a.b/c?d=e#f "])
def test_addresses(url: str) -> None:
    assert fitting_url(url) == url.strip()


@pytest.mark.parametrize(
    "url", ["", "a.b", "ftp://a.b", "javascript:alert(1)", "http://", "http://a b", "https://[x", 'http://a"b']
)
def test_no_addresses(url: str) -> None:
    with pytest.raises(Invalid):
        fitting_url(url)
