"""`agora`: the local stack and the tools around it. Each command imports what it needs when it is called."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.local.ask_cli import lake_app, warehouse_app
from infra.local.bulk import add_loads, export_app, import_app
from infra.local.contracts_cli import contracts_app
from infra.local.environment import enter
from infra.local.evaluate_cli import evaluate_app
from infra.local.failed_cli import failed_app
from infra.local.models_cli import models_app
from infra.local.moderation_cli import moderation_app
from infra.local.settings import LocalError, load_settings
from infra.local.simulate_cli import simulate_app
from infra.local.topics_cli import topics_app
from infra.local.train_cli import train_app

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
load_app = typer.Typer(no_args_is_help=True, help="Bring real data in through the domains' own bulk path.")
app.add_typer(load_app, name="load")
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
app.add_typer(contracts_app, name="contracts")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(failed_app, name="failed")
app.add_typer(lake_app, name="lake")
app.add_typer(models_app, name="models")
app.add_typer(moderation_app, name="moderation")
app.add_typer(simulate_app, name="simulate")
app.add_typer(topics_app, name="topics")
app.add_typer(train_app, name="train")
app.add_typer(warehouse_app, name="warehouse")
add_loads(load_app)


def main() -> None:
    """Run a command; what a person has to mend is one line and exit 1, an interrupt is exit 130."""
    try:
        app()
    except LocalError as error:
        sys.exit(f"agora: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def up(
    parts: Annotated[list[str] | None, typer.Argument(help="Start these alone; all when none is named.")] = None,
) -> None:
    """Start the stack and wait until every part is well."""
    from infra.local import stack  # noqa: PLC0415

    console = Console()
    settings = load_settings()
    with console.status("starting"):
        stack.up(settings, parts or None, lambda line: console.print(f"[green]✓[/] {line}"))
    console.print("`agora status` shows every part, its address and how to open it.")


@app.command()
def down() -> None:
    """Stop the stack; its data stay."""
    from infra.local import stack  # noqa: PLC0415

    print("the stack is down" if stack.down(load_settings()) else "the stack was not up")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show each part: address, health, uptime, how to open it. Exit 1 when one is not well."""
    from infra.local import stack  # noqa: PLC0415

    states = stack.status(load_settings())
    if as_json:
        print(json.dumps([vars(state) for state in states], indent=1))
    elif not states:
        print("the stack was never up here; `agora up` starts it")
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("part", "health", "uptime", "address", "open with"):
            table.add_column(heading, no_wrap=heading in {"part", "address"})
        for state in states:
            health = "[green]well[/]" if state.trouble is None else f"[red]{state.trouble}[/]"
            if state.state == "elsewhere":
                health += " (elsewhere)"
            table.add_row(state.name, health, _duration(state.uptime), state.address, state.opens)
        Console().print(table)
    if not states or any(state.trouble for state in states):
        raise typer.Exit(1)


@app.command()
def logs(
    part: str,
    lines: Annotated[int, typer.Option("-n", help="How many lines.", min=1)] = 100,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Wait for more.")] = False,
) -> None:
    """Show the end of a part's log."""
    from infra.local.parts import BY_NAME  # noqa: PLC0415

    settings = load_settings()
    path = settings.logs / f"{part}.log"
    if part not in BY_NAME:
        raise LocalError(f"no such part: {part}; there are {', '.join(BY_NAME)}")
    if not path.exists():
        raise LocalError(f"{part} has written no log yet")
    subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)], check=False)


@app.command()
def env() -> None:
    """Print the stack's environment as shell exports: eval "$(agora env)"."""
    from infra.local.environment import load_environment  # noqa: PLC0415

    _, environment = load_environment()
    for name, value in sorted(environment.items()):
        print(f"export {name}='{value}'")


@app.command()
def migrate() -> None:
    """Bring the operational database to the newest revision."""
    from infra.local import stack  # noqa: PLC0415

    stack.migrate(enter())


@load_app.command("complete-journey")
def load_complete_journey(
    weeks: Annotated[int, typer.Option(help="How many weeks of the year, from the first.", min=1, max=53)] = 40,
) -> None:
    """A year of a supermarket chain: catalogue, customers, past orders. Loading again changes nothing."""
    enter()
    import asyncio  # noqa: PLC0415

    from infra.load.complete_journey import load  # noqa: PLC0415

    asyncio.run(load(weeks, console=Console()))


@app.command()
def reconcile(
    day: Annotated[str | None, typer.Option(help="A UTC day such as 2026-01-31; else yesterday.")] = None,
) -> None:
    """Compare the ledger with the gateway's books of a day. Exit 1 where anything differs."""
    enter()
    from infra.local.reconciliation import reconcile_day  # noqa: PLC0415

    raise typer.Exit(reconcile_day(day))


@app.command()
def reputation(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew from the lake first.")] = False,
) -> None:
    """Hold the trust in people to what the lake says that they did. Exit 1 where anything differs."""
    enter()
    from infra.local import reputation as commands  # noqa: PLC0415

    if rebuild:
        commands.rebuild()
    raise typer.Exit(commands.check())


@app.command()
def proof(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for what is on its way.", min=0)] = 0,
) -> None:
    """Compare what was accepted with what Kafka, lake and warehouse hold. Exit 1 where anything differs."""
    enter()
    from ingestion.proof.command import main as prove  # noqa: PLC0415

    arguments = (["--json"] if as_json else []) + (["--wait", str(wait)] if wait else [])
    raise typer.Exit(prove(arguments))


@app.command()
def erase(
    customer: Annotated[str, typer.Argument(help="The customer's id.", metavar="CUSTOMER_ID")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The receipt for programs.")] = False,
) -> None:
    """Take a person out of lake, warehouse and outbox, prove it file by file, and print the receipt."""
    if not dry_run and not yes:
        typer.confirm("What is erased does not come back. Go on?", abort=True)
    from infra.local.erasing import erase_person  # noqa: PLC0415

    erase_person(customer, dry_run=dry_run, as_json=as_json)


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    typed: Annotated[bool, typer.Option("--typed", help="The typed tables of the lake too, from raw.")] = False,
) -> None:
    """Drop the warehouse, make it again from the lake, and compare. Exit 1 where a table came out different."""
    if not yes:
        typer.confirm("The dashboards have no figures while this runs. Go on?", abort=True)
    enter()
    from infra.local.rebuilding import rebuild_warehouse  # noqa: PLC0415

    raise typer.Exit(rebuild_warehouse(typed_too=typed))


@app.command()
def demo(
    stay: Annotated[bool, typer.Option(help="Leave the stack up at the end.")] = True,
    weeks: Annotated[int, typer.Option(help="Weeks of history.", min=1, max=48)] = 40,
    baskets: Annotated[int, typer.Option(help="Sessions to replay.", min=1)] = 200,
    tries: Annotated[int, typer.Option(help="Clicks to time.", min=1, max=200)] = 50,
    folder: Annotated[Path | None, typer.Option(help="Where the report and the logs go.")] = None,
) -> None:
    """Load a year's history, train, replay the next days over HTTP, and prove that nothing was lost."""
    from infra.demo.main import FOLDER, Size  # noqa: PLC0415
    from infra.demo.main import main as run  # noqa: PLC0415

    raise typer.Exit(run(stay=stay, size=Size(weeks, baskets, tries), folder=folder or FOLDER))


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute} min" if hours else f"{minute} min {second} s" if minute else f"{second} s"


if __name__ == "__main__":
    main()
