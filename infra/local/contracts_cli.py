"""`agora contracts`: what events look like, and whether a change of them may go out."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from infra.local.settings import LocalError
from ingestion.contracts import asyncapi, releases
from ingestion.contracts.schema import all_schemas, personal_fields

contracts_app = typer.Typer(no_args_is_help=True, help="What events look like, and whether a change may go out.")


@contracts_app.command("list")
def list_contracts() -> None:
    """Every event type with its version, its owner and which of its fields are personal."""
    table = Table(box=None, pad_edge=False)
    for heading in ("type", "version", "owner", "personal fields"):
        table.add_column(heading)
    for name, schema in all_schemas().items():
        table.add_row(name, str(schema["x-version"]), schema["x-owner"], ", ".join(personal_fields(schema)))
    Console().print(table)


@contracts_app.command()
def show(event_type: str) -> None:
    """One event type as JSON Schema."""
    schemas = all_schemas()
    if event_type not in schemas:
        near = [name for name in schemas if event_type in name]
        raise LocalError(f"no event type {event_type}; there are {', '.join(near or schemas)}")
    print(orjson.dumps(schemas[event_type], option=orjson.OPT_INDENT_2).decode())


@contracts_app.command()
def check() -> None:
    """Hold every contract against its last release. Exit 1 where readers would break, or a release is missing."""
    found = releases.problems()
    for line in found:
        print(line)
    if found:
        raise typer.Exit(1)
    print(f"{len(all_schemas())} contracts, each as released")


@contracts_app.command()
def release() -> None:
    """Write the JSON Schema of every new version beside those that are released. Refuses what would break readers."""
    try:
        fresh = releases.release()
    except releases.NotReleasable as error:
        raise LocalError(f"nothing is released:\n{error}") from error
    print("\n".join(f"released {each}" for each in fresh) or "nothing is new")


@contracts_app.command("asyncapi")
def write_asyncapi(
    out: Annotated[Path | None, typer.Option(help="A file; else it is printed.", dir_okay=False)] = None,
    prefix: Annotated[str, typer.Option(help="What the topics' names begin with.")] = "agora.",
) -> None:
    """The whole stream as an AsyncAPI 3.0 document; the API serves the same at /asyncapi.json."""
    content = orjson.dumps(asyncapi.document(prefix), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        print(content.decode(), end="")
    else:
        out.write_bytes(content)
