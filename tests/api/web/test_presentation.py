"""What templates call."""

import pytest

from api.web.presentation import highlight


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Dark chocolate", "chocolate", "Dark <mark>chocolate</mark>"),
        ("Chocolates, mixed", "chocolate", "<mark>Chocolates</mark>, mixed"),
        ("Green Tea & <b>", "tea", "Green <mark>Tea</mark> &amp; &lt;b&gt;"),
        ("Green Tea", "", "Green Tea"),
        ("Of it", "of it", "Of it"),
        ("<mark>", "<mark>", "&lt;<mark>mark</mark>&gt;"),
    ],
    ids=["word", "plural", "escaped", "nothing", "short", "markup"],
)
def test_found_words_are_marked_and_nothing_else_becomes_markup(text: str, query: str, shown: str) -> None:
    assert str(highlight(text, query)) == shown
