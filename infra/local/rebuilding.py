"""`agora rebuild`: the warehouse from the lake alone, table by table beside what it was."""

import time

from rich.console import Console
from rich.table import Table

from pipelines.lib.rebuild import rebuild
from pipelines.lib.settings import load_settings


def rebuild_warehouse(*, typed_too: bool) -> int:
    """Rebuild, print what differs, and return the exit code."""
    console, began = Console(), time.monotonic()
    with console.status("rebuilding") as status:
        compared = rebuild(load_settings(), typed_too=typed_too, say=status.update)
    different = [each for each in compared if not each.is_equal]
    if different:
        table = Table(title=f"{len(different)} of {len(compared)} came out different", title_justify="left", box=None)
        for heading in ("table", "rows before", "rows after"):
            table.add_column(heading, justify="left" if heading == "table" else "right")
        for each in different:
            table.add_row(each.table, f"{each.rows_before:,}", f"{each.rows_after:,}")
        console.print(table)
        return 1
    rows = sum(each.rows_after for each in compared)
    print(f"{len(compared)} tables with {rows:,} rows are as they were, after {time.monotonic() - began:.0f} s")
    return 0
