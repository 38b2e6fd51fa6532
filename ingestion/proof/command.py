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
        Console().print(_table(proof))
    return 1 if proof.difference else 0


def _table(proof: Proof) -> Table:
    table = Table(title=f"Proof as of {proof.as_of:%Y-%m-%d %H:%M:%S} UTC", show_footer=True)
    table.add_column("topic", "all")
    table.add_column("type")
    for name in (*PLACES, "difference"):
        total = sum(getattr(row, name) for row in proof.rows)
        table.add_column(name, f"{total:,}", justify="right")
    for row in proof.rows:
        style = "bold red" if row.difference else None
        counts = [f"{getattr(row, name):,}" for name in (*PLACES, "difference")]
        table.add_row(row.topic, row.type, *counts, style=style)
    return table
