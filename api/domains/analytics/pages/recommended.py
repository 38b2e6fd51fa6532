"""What recommendations led to, as parts of the models' page. A shelf is one answer of the recommender."""

from collections.abc import Callable, Sequence

from api.domains.analytics.pages.boards import Column, Control, Figure, Plot, Table, daily_plot, figure
from api.domains.analytics.pages.writing import change, percent, show
from api.domains.analytics.service.recommended import Led, Recommended

MOST = 12


def controls(led: Recommended, surface: str | None) -> list[Control]:
    """Days, and where the shelf stood."""
    every = [("", "All places"), *((name, _place(name)) for name in led.surfaces)]
    return [
        Control("from", "From", led.period.first.isoformat()),
        Control("until", "Until", led.period.last.isoformat()),
        Control("surface", "Place", surface or "", every),
    ]


def figures(led: Recommended) -> list[Figure]:
    """Click-through, conversion, revenue of a thousand shelves, and how much of the catalogue was shown."""
    now, before = led.now, led.before

    def money(minor: float) -> str:
        return show("money", minor)

    share, earlier = (shown / led.products if led.products else 0.0 for shown in (led.shown, led.previous_shown))
    return [
        figure("recommendation_click_share", now.click_share, before.click_share, percent),
        figure("recommendation_conversion", now.conversion, before.conversion, _fine),
        figure("recommendation_per_thousand", now.per_thousand_minor, before.per_thousand_minor, money),
        figure("catalogue_shown", share, earlier, percent),
    ]


def clicks(led: Recommended) -> Plot:
    """Of the shelves of a day, the share that was clicked."""
    values = {day: each.click_share for day, each in led.days().items()}
    text = "Of the shelves shown on a day, the share that led to a product page."
    return daily_plot("clicked", "Clicked per day", text, led.period, values, Column("", "percent"))


def tables(led: Recommended) -> list[Table]:
    """By place, and by model and version."""
    by_place = [(_place(place), now, before) for (place,), now, before in led.split("surface")]
    versions = led.split("model", "model_version")
    by_version = [(f"{model} {version}", now, before) for (model, version), now, before in versions]
    return [
        _table("surfaces", "By place", "Place", by_place),
        _table("led", "By model and version", "Model", by_version[:MOST]),
    ]


def drawn(led: Recommended) -> Table:
    """What it would bring to draw among the best of each pool only, and what drawing among all of it brought."""
    columns = (
        *(Column("Instead of all, draw among the best"), Column("Clicked, IPS", "percent")),
        *(Column("SNIPS", "percent"), Column("Doubly robust", "percent"), Column("From", "percent")),
        *(Column("To", "percent"), Column("Places that tell", "number")),
    )
    rows = [
        (
            *(str(each.most), each.ips.value, each.snips.value, each.robust.value),
            *(each.robust.low, each.robust.high, each.robust.effective),
        )
        for each in led.choices
    ]
    text = (
        f"{led.drawn:,} places were drawn by lot, and {led.drawn_clicked:,} of them clicked. Estimates of other ways "
        "to choose, from these places alone; the interval of 95 % is of the doubly robust one."
    )
    return Table("drawn", "Places drawn by lot", text, columns, rows, empty="No place was drawn in these days.")


def _table(key: str, title: str, name: str, parts: Sequence[tuple[str, Led, Led]]) -> Table:
    columns = (
        *(Column(name), Column("Shelves", "number"), Column("Clicked", "percent"), Column("Before", "percent")),
        *(Column("Change", "change"), Column("Orders per shelf", "percent"), Column("Per 1,000 shelves", "money")),
        *(Column("Orders", "number"), Column("Revenue", "money")),
    )
    rows = [
        (
            *(label, now.answers, now.click_share, before.click_share if before.answers else None),
            *(_moved(now, before, lambda led: led.click_share), now.conversion, now.per_thousand_minor),
            *(now.orders, now.revenue_minor),
        )
        for label, now, before in parts
    ]
    return Table(key, title, "What became of the shelves that were shown.", columns, rows, empty="No shelf was shown.")


def _moved(now: Led, before: Led, share: Callable[[Led], float]) -> float | None:
    return change(share(now), share(before)) if before.answers else None


def _fine(value: float) -> str:
    return f"{value:.2%}"


def _place(surface: str) -> str:
    return surface.replace("_", " ").capitalize()
