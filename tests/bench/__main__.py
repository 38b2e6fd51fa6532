"""`python -m tests.bench [--only AREA]`: measure, keep the figures, show them."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import psutil
from rich.console import Console
from rich.markup import escape

from tests.bench import dashboards, stock, stream, tables, web
from tests.bench.checkout import checkout
from tests.bench.form import Figure, table, write
from tests.bench.shop import Shop, open_shop
from tests.stack import running_stack

# What needs servers alone, and what needs a shop.
OF_SERVERS: dict[str, Callable[[dict[str, str]], Sequence[Figure]]] = {
    "warehouse": tables.warehouse,
    "relay": stream.relay,
    "lander": stream.lander,
    "checkout": checkout,
    "inventory": stock.stock,
    "dashboards": dashboards.dashboards,
    "tiles": dashboards.tiles,
}
OF_A_SHOP: dict[str, Callable[[Shop], Sequence[Figure]]] = {
    "load": tables.load,
    "product": web.product,
    "recommendations": web.recommendations,
    "capture": web.capture,
    "search": web.search,
}

WIDTH = 130  # of the table, where no terminal gives one


def main() -> int:
    """0 when every area could be measured; a goal that is missed is shown, and is no failure of the bench."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    areas = [*OF_SERVERS, *OF_A_SHOP]
    parser.add_argument("--only", choices=areas, metavar="AREA", help=", ".join(areas))
    only = parser.parse_args().only
    areas = [only] if only else [*OF_SERVERS, *OF_A_SHOP]
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
