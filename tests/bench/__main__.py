"""`python -m tests.bench [--only AREA] [--minutes N]`: measure, keep the figures, show them."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields

import psutil
from rich.console import Console
from rich.markup import escape

from tests.bench import (
    commits,
    dashboards,
    forum,
    freshness,
    lake,
    landing,
    marts,
    models,
    recommending,
    soak,
    stock,
    stream,
    tables,
    web,
)
from tests.bench.checkout import checkout
from tests.bench.form import Figure, Scale, table, write
from tests.bench.shop import Shop, open_shop
from tests.stack import running_stack

# What needs servers alone, and what needs a shop.
OF_SERVERS: dict[str, Callable[[dict[str, str]], Sequence[Figure]]] = {
    "warehouse": tables.warehouse,
    "dbt": marts.marts,
    "relay": stream.relay,
    "lander": landing.lander,
    "checkout": checkout,
    "inventory": stock.stock,
    "dashboards": dashboards.dashboards,
    "tiles": dashboards.tiles,
    "models": models.models,
}
OF_A_SHOP: dict[str, Callable[[Shop], Sequence[Figure]]] = {
    "load": tables.load,
    "product": web.product,
    "recommendations": recommending.recommendations,
    "capture": web.capture,
    "search": web.search,
}

# What takes as long as one likes.
LONG: dict[str, Callable[[dict[str, str], Scale], Sequence[Figure]]] = {
    "freshness": freshness.freshness,
    "soak": soak.soak,
    "commits": commits.commits,
    "day": lake.day,
    "forum": forum.forum,
}
HELP = {
    "minutes": "of soak",
    "events": "in the lake of day",
    "commits": "of commits",
    "posts": "of forum",
}

WIDTH = 130  # of the table, where no terminal gives one


def main() -> int:
    """0 when every area could be measured; a goal that is missed is shown, and is no failure of the bench."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    areas = [*OF_SERVERS, *LONG, *OF_A_SHOP]
    parser.add_argument("--only", choices=areas, metavar="AREA", help=", ".join(areas))
    for field in fields(Scale):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default, help=HELP[field.name])
    arguments = vars(parser.parse_args())
    only, scale = arguments.pop("only"), Scale(**arguments)
    areas = [only] if only else areas
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    found, broken = dict[str, Sequence[Figure]](), list[str]()
    shop: Shop | None = None
    with ExitStack() as stack:
        busy = psutil.cpu_percent(2.0) / 100
        env = stack.enter_context(running_stack())
        for area in areas:
            began = time.monotonic()
            console.print(f"{area} …", end=" ", highlight=False)
            try:
                if area in OF_SERVERS:
                    figures = OF_SERVERS[area](env)
                elif area in LONG:
                    figures = LONG[area](env, scale)
                else:
                    shop = shop or stack.enter_context(open_shop(env))
                    figures = OF_A_SHOP[area](shop)
            except Exception as error:
                broken.append(area)
                console.print(f"[red]failed[/]: {type(error).__name__}: {escape(str(error))}")
                continue
            found[area] = figures
            write(area, figures)
            console.print(f"{time.monotonic() - began:.0f} s", highlight=False)
    console.print(table(found))
    console.print(
        f"{os.cpu_count()} cores, {busy:.0%} busy with other work at the start; kept in var/bench/*.json",
        highlight=False,
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
