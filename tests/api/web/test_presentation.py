"""What templates call."""

from dataclasses import dataclass

from api.web.presentation import title_parts


@dataclass
class Titled:
    """A product, as far as its name goes."""

    title: str
    highlight: str | None = None


def test_a_title_stays_text_and_what_the_search_marked_is_marked() -> None:
    assert [str(part) for part in title_parts(Titled("Tea & <b> · 2 oz"))] == ["Tea &amp; &lt;b&gt;", "2 oz"]
    found = Titled("Tea & milk · 2 oz", "<mark>Tea</mark> &amp; milk · 2 oz")
    assert [str(part) for part in title_parts(found)] == ["<mark>Tea</mark> &amp; milk", "2 oz"]
