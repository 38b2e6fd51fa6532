"""`agora proof`: the comparison as a table or as JSON."""

import argparse
import sys
from collections.abc import Sequence

import orjson
from rich.console import Console
from rich.table import Table

from ingestion.logs import configure_logs
from ingestion.proof.compare import PLACES, Proof
from ingestion.proof.prover import Prover
from ingestion.settings import SettingsError, load_settings

HEADINGS = {"warehouse": "wareh.", "difference": "diff."}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the proof; 0 where nothing differs, 1 where something does, 2 for settings that cannot be used."""
    parser = argparse.ArgumentParser(prog="agora proof", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="compare until nothing differs")
    options = parser.parse_args(arguments)
    configure_logs()
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    proof = Prover(settings).prove_within(options.wait)
    if options.json:
        sys.stdout.write(orjson.dumps(proof.document()).decode() + "\n")
    else:
        Console().print(proof_table(proof))
    return 1 if proof.difference else 0


def proof_table(proof: Proof) -> Table:
    """Eight digits a number in 80 columns: a line per topic, below it its types without the topic's name."""
    title = f"Proof as of {proof.as_of:%Y-%m-%d %H:%M:%S} UTC"
    table = Table(title=title, show_footer=True, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("event", "all", no_wrap=True)
    # Most lakes have nothing that is gone, and a terminal has 80 columns.
    places = [name for name in PLACES if name != "gone" or any(row.gone for row in proof.rows)]
    for name in (*places, "difference"):
        total = sum(getattr(row, name) for row in proof.rows)
        table.add_column(HEADINGS.get(name, name), f"{total:,}", justify="right", no_wrap=True)
    topic = ""
    for row in proof.rows:
        if row.topic != topic:
            topic = row.topic
            table.add_row(f"[bold]{topic}[/]")
        style = "bold red" if row.difference else None
        counts = [f"{getattr(row, name):,}" for name in (*places, "difference")]
        table.add_row(f" {row.type.removeprefix(topic + '.')}", *counts, style=style)
    return table
