"""Charts as SVG inside the page, drawn by pygal and dressed by the site's own stylesheet.

pygal brings its own style, script and addresses; all of it is taken out, so that a chart follows the page's tokens in
the light and in the dark and fits the content security policy. The last point of a series carries its name.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.style import Style  # type: ignore[import-untyped]

# pygal hangs an import hook of Python 2's kind into the process, for plugins that nobody here has: each import of a
# missing module would warn about it.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

Format = Callable[[float], str]
WIDTH, NARROW = 480, 300
LINE_HEIGHT = 17
DROPPED = {"style", "script", "defs", "desc", "title"}


@dataclass(frozen=True, slots=True)
class Series:
    """One named row of values; None leaves a gap."""

    name: str
    values: Sequence[float | None]


def lines(title: str, labels: Sequence[str], series: Sequence[Series], show: Format, height: int = 210) -> Markup:
    """Values over time as lines from zero; the first series is the one that matters."""
    chart = pygal.Line(**_settings(show, height, margin_right=92), dots_size=3)
    return _draw(chart, title, labels, series, show, "lines")


def stacked_columns(
    title: str, labels: Sequence[str], series: Sequence[Series], show: Format, height: int = 210
) -> Markup:
    """Parts of a whole over time, one column per label."""
    chart = pygal.StackedBar(**_settings(show, height))
    return _draw(chart, title, labels, series, show, "columns")


def bars(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    show: Format,
    height: int = 84,
    most: float | None = None,
) -> Markup:
    """One small series without axes, to stand beside others of its kind; only its first and last label are written.

    Series that are to be compared are given one largest value, `most`: then equal heights are equal values.
    """
    options = _settings(show, height) | {"show_y_labels": False, "show_y_guides": False, "margin": 2}
    options |= {"width": NARROW, "spacing": 2}
    chart = pygal.Bar(**options, range=(min(0.0, *values), most) if most and values else None)
    return _draw(chart, title, labels, [Series(title, values)], show, "bars")


def steps(title: str, labels: Sequence[str], series: Sequence[Series], show: Format, height: int = 210) -> Markup:
    """Lengths to compare, one row per label, the first on top, each with its value."""
    turned = [Series(each.name, list(reversed(each.values))) for each in series]
    chart = pygal.HorizontalBar(**_settings(show, height, margin_right=52))
    return _draw(chart, title, list(reversed(labels)), turned, show, "steps")


def _settings(show: Format, height: int, margin_right: int = 16) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": height,
        "explicit_size": False,
        "js": [],
        "show_legend": False,
        "style": Style(label_font_size=13, major_label_font_size=13, value_font_size=13),
        "value_formatter": show,
        "truncate_label": -1,
        "include_x_axis": True,
        "show_minor_x_labels": False,
        "y_labels_major_count": 3,
        "show_minor_y_labels": False,
        "margin": 8,
        "margin_right": margin_right,
        "spacing": 8,
        "disable_xml_declaration": True,
    }


def _draw(chart: Any, title: str, labels: Sequence[str], series: Sequence[Series], show: Format, kind: str) -> Markup:
    chart.x_labels = list(labels)
    every = max(1, -(-len(labels) // 5))
    chart.x_labels_major = list(labels) if len(labels) <= 5 else list(labels)[::every]
    if kind == "bars":
        chart.x_labels_major = [labels[0], labels[-1]] if labels else []
    for each in series:
        chart.add(each.name, list(each.values))
    chart.add_xml_filter(lambda root: _dress(root, title, series, labels, show, kind))
    drawn: str = chart.render(is_unicode=True)
    return Markup(drawn)  # noqa: S704  pygal escapes names and labels; the rest is numbers


def _dress(root: Any, title: str, series: Sequence[Series], labels: Sequence[str], show: Format, kind: str) -> Any:
    """Take out what is pygal's own, put in a name for screen readers, values on hover and direct labels."""
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", title)
    _prune(root)
    for number, each in enumerate(series):
        for group in root.iter("g"):
            if _is(group, f"serie-{number}"):
                _explain(group, each, labels, show, is_written=kind == "steps")
    if kind == "lines":
        _name_ends(root, series)
    return root


def _is(element: Any, name: str) -> bool:
    return name in element.get("class", "").split()


def _prune(element: Any) -> None:
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag in DROPPED or _is(child, "tooltip-overlay"):
            element.remove(child)
        else:
            _prune(child)


def _explain(group: Any, series: Series, labels: Sequence[str], show: Format, is_written: bool) -> None:
    """A browser's own tooltip for each point or bar, which needs no script; the value in figures beside a step."""
    known = [(label, value) for label, value in zip(labels, series.values, strict=True) if value is not None]
    marks = [child for child in group.iter("g") if _is(child, "dots") or _is(child, "bar")]
    if len(marks) != len(known):
        return
    for mark, (label, value) in zip(marks, known, strict=True):
        _text(mark, "title", f"{series.name}, {label}: {show(value)}")
        bar = mark.find("rect")
        if is_written and bar is not None:
            x, y, width, height = (float(bar.get(name, 0)) for name in ("x", "y", "width", "height"))
            place = {"class": "value", "x": f"{x + width + 6:.1f}", "y": f"{y + height / 2 + 4.5:.1f}"}
            _text(mark, "text", show(value), place)


def _name_ends(root: Any, series: Sequence[Series]) -> None:
    """The series' names behind their last points, moved apart where the points lie close together."""
    ends = []
    for number, each in enumerate(series):
        overlays = [group for group in root.iter("g") if _is(group, f"serie-{number}") and list(group.iter("circle"))]
        if overlays:
            last = list(overlays[-1].iter("circle"))[-1]
            ends.append([float(last.get("cy")), float(last.get("cx")), overlays[-1], each.name])
    below = float("-inf")
    for y, x, overlay, name in sorted(ends, key=lambda end: end[0]):
        below = max(y, below + LINE_HEIGHT)
        _text(overlay, "text", name, {"class": "series-name", "x": f"{x + 10:.1f}", "y": f"{below + 4.5:.1f}"})


def _text(parent: Any, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    ET.SubElement(parent, tag, attributes or {}).text = text
