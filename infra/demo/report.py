"""The end of the demo: one JSON file, and the same on the screen."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from infra.demo.people import email_of
from infra.local.files import write_private

_COUNTS = {
    "customers": "select count(*) from identity.customers",
    "products": "select count(*) from catalog.products",
    "orders": "select count(*) from ordering.orders",
}


def counts(environment: Mapping[str, str]) -> dict[str, int]:
    """Customers, products and orders of the shop."""
    with psycopg.connect(environment["AGORA_POSTGRES_URL"]) as connection:
        rows = {name: connection.execute(query).fetchone() for name, query in _COUNTS.items()}
        return {name: int(row[0]) if row else 0 for name, row in rows.items()}


def addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """What to open."""
    api = environment["AGORA_API_URL"]
    return {
        "storefront": api,
        "executive dashboard": f"{api}/dashboards/overview",
        "API": f"{api}/docs",
        "pipelines (Dagster)": environment["AGORA_DAGSTER_URL"],
        "marts and checks (docs)": environment["AGORA_PIPELINES_DOCS_URL"],
        "notebooks": "notebooks/",
        "models (MLflow)": f"{environment['AGORA_MLFLOW_URL']}/#/models",
    }


def accounts(household: str) -> dict[str, str]:
    """Who may sign in."""
    return {"customer": household, "executive": email_of("executive"), "analyst": email_of("analyst")}


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Keep the report; it holds no password."""
    write_private(path, json.dumps(report, indent=1) + "\n")


def show(console: Console, report: Mapping[str, Any], password_file: Path) -> None:
    """The report for people."""
    console.print()
    console.print(_models(report["models"], report["champion"]))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name in ("customers", "products", "orders", "events"):
        table.add_row(name, f"{report[name]:,}")
    found = report["click_to_changed_list"]
    table.add_row("proof", f"{report['proof_difference']} events missing or extra")
    table.add_row("click to changed list", f"median {found['median']:.2f} s, p95 {found['p95']:.2f} s")
    table.add_row("seconds", ", ".join(f"{name} {value:.0f}" for name, value in report["seconds"].items()))
    for name, address in report["addresses"].items():
        table.add_row(name, address)
    for role, email in report["accounts"].items():
        table.add_row(f"{role}'s account", email)
    table.add_row("password of all three", f"in {password_file}")
    console.print(table)


def _models(models: Mapping[str, Mapping[str, float]], champion: str) -> Table:
    table = Table(title="Models on the held-out weeks", title_justify="left", box=None, pad_edge=False)
    for heading in ("model", "NDCG@10", "Recall@20"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, figures in sorted(models.items(), key=lambda pair: -pair[1]["ndcg_at_10"]):
        label = f"[bold green]{name} (champion)[/]" if name == champion else name
        table.add_row(label, f"{figures['ndcg_at_10']:.4f}", f"{figures['recall_at_20']:.4f}")
    return table
