"""`agora import products` and `agora export products`: what a person sees, and what is refused in one line."""

import asyncio
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from api.core.db import Database
from api.domains.catalog.errors import UnreadableFile
from infra.load.products import export_products, import_products, parse_mapping
from infra.local import bulk
from infra.local.cli import app
from infra.local.settings import LocalError


@pytest.fixture
def screen() -> Console:
    return Console(file=StringIO(), width=160)


def text_of(screen: Console) -> str:
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


async def test_import_and_export_say_what_they_did(rolled_back: Database, tmp_path: Path, screen: Console) -> None:
    path, report, out = tmp_path / "in.csv", tmp_path / "bad.csv", tmp_path / "out.parquet"
    path.write_text("sku,title,price\nA-1,Tea,3.50\nA-2,Cup,\n")
    counts = await import_products(path, report=report, console=screen)
    assert (counts.new, counts.bad) == (1, 1)
    assert report.read_text().splitlines()[1] == "3,A-2,price,is empty"
    assert await export_products(out, console=screen) == 1
    dry = await import_products(out, is_dry_run=True, console=screen)
    assert (dry.same, dry.bad) == (1, 0)
    shown = text_of(screen)
    assert "2 rows" in shown
    assert "of which are 1 new, 0 changed, 0 same, 1 bad." in shown
    assert f"1 products are in {out}." in shown
    assert "of which would be 0 new, 0 changed, 1 same, 0 bad." in shown


async def test_a_bad_row_is_told_without_a_report_too(rolled_back: Database, tmp_path: Path, screen: Console) -> None:
    path = tmp_path / "in.txt"
    path.write_text("sku,title,price\nA-1,Tea,0\n")
    with pytest.raises(UnreadableFile, match="csv, parquet"):
        await import_products(path, console=screen)
    await import_products(path, kind="csv", console=screen)
    assert "--report FILE writes down which and why." in text_of(screen)


def test_a_mapping_is_a_column_and_a_header() -> None:
    assert parse_mapping(["sku=Item = no", "title=Name"]) == {"sku": "Item = no", "title": "Name"}
    with pytest.raises(ValueError, match="COLUMN=HEADER, not 'sku'"):
        parse_mapping(["sku"])


def test_a_file_that_is_not_there_is_one_line() -> None:
    outcome = CliRunner().invoke(app, ["import", "products", "/nowhere/in.csv"])
    assert isinstance(outcome.exception, LocalError)
    assert str(outcome.exception) == "there is no file /nowhere/in.csv"


@pytest.mark.parametrize("name", ["livostyle", "goodbooks", "bestbuy-categories", "online-retail"])
def test_data_that_are_not_there_are_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "enter", dict)
    outcome = CliRunner().invoke(app, ["load", name, "--from", str(tmp_path)])
    assert isinstance(outcome.exception, LocalError)
    assert str(outcome.exception).startswith(f"there is no {tmp_path}/")
    assert str(outcome.exception).endswith("--from names the folder where it lies")


RUN = """
from infra.local import bulk, cli
bulk.enter = dict
cli.main()
"""


async def test_the_commands_from_end_to_end(committed: Database, migrated_env: dict[str, str], tmp_path: Path) -> None:
    """Exit 1 where a row was bad, 0 where none was, one line where the file cannot be read or Postgres is away."""

    async def agora(*words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | migrated_env | changed
        command = [sys.executable, "-W", "ignore", "-c", RUN, *words]
        return await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False
        )

    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("Nummer,title,price\nA-1,Tea,3.50\nA-2,Cup,\n")
    done = await agora(
        "import", "products", str(path), "--mapping", "sku=Nummer", "--report", str(tmp_path / "bad.csv")
    )
    assert (done.returncode, "1 new, 0 changed, 0 same, 1 bad" in done.stdout) == (1, True), done.stderr
    assert (await agora("export", "products", str(out))).returncode == 0
    assert out.read_text().splitlines()[1].startswith("A-1,Tea,3.50,USD")
    done = await agora("import", "products", str(out))
    assert (done.returncode, "0 new, 0 changed, 1 same, 0 bad" in done.stdout) == (0, True), done.stderr
    done = await agora("import", "products", str(path))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1, "agora: the file has no column for sku; its first line has Nummer, title, price",
    )  # fmt: skip
    done = await agora("export", "products", str(out), AGORA_POSTGRES_URL="postgresql://a:b@127.0.0.1:1/x")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "agora: Postgres does not answer: is the stack up?")
