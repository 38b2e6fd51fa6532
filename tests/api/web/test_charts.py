"""Charts carry their numbers as text, and nothing of the library's own style, script or addresses."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from api.core.charts import Series, bars, lines, stacked_columns, steps

LABELS = [f"Nov {day}" for day in range(1, 9)]
Draw = Callable[..., str]


def show(value: float) -> str:
    return f"{value:.0f} pieces"


@pytest.mark.parametrize("draw", [lines, stacked_columns, steps])
def test_a_chart_is_named_and_explains_each_value(draw: Draw) -> None:
    values = [float(n) for n in range(8)]
    root = ET.fromstring(draw("Sales & more", LABELS, [Series("This", values), Series("Before", values)], show))  # noqa: S314
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Sales & more"
    told = [title.text for title in root.iterfind(".//svg:title", space)]
    assert "This, Nov 3: 2 pieces" in told
    assert "Before, Nov 8: 7 pieces" in told


@pytest.mark.parametrize("draw", [lines, stacked_columns, steps])
def test_a_chart_brings_no_style_script_or_foreign_address(draw: Draw) -> None:
    drawn = draw("Sales", LABELS, [Series("This", [1.0] * 8)], show)
    for banned in ("<style", "<script", "style=", "pygal.org", "onload", "<!--"):
        assert banned not in drawn


def test_lines_that_end_together_have_names_that_do_not_cover_each_other() -> None:
    drawn = lines("Sales", LABELS, [Series("This", [5.0] * 8), Series("Before", [5.0] * 8)], show)
    names = [text for text in ET.fromstring(drawn).iter() if text.get("class") == "series-name"]  # noqa: S314
    places = sorted(float(text.get("y", "0")) for text in names)
    assert len(places) == 2
    assert places[1] - places[0] >= 15


def test_a_name_with_markup_in_it_stays_text() -> None:
    drawn = lines("<b>", ["<i>", "b"], [Series("<script>", [1.0, 2.0])], show)
    assert "<script" not in drawn
    assert "<i>" not in drawn


def heights(drawn: str) -> list[float]:
    root = ET.fromstring(drawn)  # noqa: S314
    return [float(bar.get("height", "0")) for bar in root.iter() if bar.get("class", "").startswith("rect")]


def test_small_charts_on_one_scale_can_be_compared() -> None:
    small, large = (heights(bars("Sales", LABELS, [value] * 8, show, most=10.0)) for value in (5.0, 10.0))
    assert len(small) == len(large) == 8
    assert small[0] == pytest.approx(large[0] / 2, rel=0.02)
    drawn = bars("Sales", LABELS, [1.0] * 8, show)
    assert "Sales, Nov 3: 1 pieces" in drawn
    assert "<style" not in drawn
