"""Rules of the house that no linter knows."""

import ast
import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAINS = sorted(path.name for path in (ROOT / "api" / "domains").iterdir() if (path / "__init__.py").exists())
HEAVY = ("mlflow", "dagster", "great_expectations", "implicit", "polars", "duckdb", "pyiceberg", "sklearn", "pandas")


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _parsed(path: Path) -> ast.Module:
    """A file's syntax tree. A collection of garbage amid the parser ends in a SystemError (CPython, gh-106905)."""
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


COMMITTING = {ROOT / "api" / "core" / name for name in ("db.py", "straight.py")}  # the second is the first's session


def test_only_the_database_module_commits() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _sources("api")
        if path not in COMMITTING
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        if "consumer" not in ast.unparse(node.func)  # a consumer commits Kafka offsets
    ]
    assert found == []


def _sql_of(path: Path) -> list[str]:
    strings = (node.value for node in ast.walk(_parsed(path)) if isinstance(node, ast.Constant))
    return [
        text for text in strings if isinstance(text, str) and re.search(r"(?i)\b(select|insert|update|delete)\b", text)
    ]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_touches_no_schema_but_its_own(domain: str) -> None:
    others = "|".join(name for name in DOMAINS if name != domain)
    foreign = re.compile(rf"(?i)\b(?:from|join|into|update)\s+(?:only\s+)?((?:{others})\.\w+)")
    found = {
        f"{path.name}: {name}"
        for path in _sources(f"api/domains/{domain}")
        for sql in _sql_of(path)
        for name in foreign.findall(sql)
    }
    assert found == set()


def _in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["api.app", "api.worker"])
def test_the_operational_processes_import_nothing_heavy(module: str) -> None:
    loaded = _in_a_fresh_process(f"import {module}, sys; print(*sorted(sys.modules))").split()
    assert [name for name in HEAVY if name in loaded] == []


def test_every_module_imports_without_an_environment() -> None:
    """Nothing connects, reads settings or starts at import."""
    folders = ("api/core", "api/domains", "api/web", "ingestion", "ml", "infra/local", "infra/load", "infra/gateway")
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in _sources(*folders)
        if path.name != "__main__.py"
    ]
    _in_a_fresh_process("import importlib\nfor name in " + repr(names) + ":\n    importlib.import_module(name)")


WRITERS_OF_THE_OUTBOX = {"api/core/outbox.py", "api/core/capture.py", "ingestion/repair.py"}


def test_events_leave_through_contracts_alone() -> None:
    """Whoever writes the outbox by hand could send what no contract knows, and it would be told only where it lands."""
    writes = re.compile(r"(?i)(insert\s+into|copy)\s+core\.outbox")
    found = {
        str(path.relative_to(ROOT))
        for path in _sources("api", "ingestion", "pipelines", "infra", "ml")
        if "migrations" not in path.parts
        if any(writes.search(sql) for sql in _sql_of(path)) or '"core.outbox", COLUMNS' in path.read_text()
    }
    assert found == WRITERS_OF_THE_OUTBOX


def test_no_python_file_lies_in_the_dbt_project() -> None:
    assert list((ROOT / "dbt").rglob("*.py")) == []


def test_files_stay_readable() -> None:
    sources = _sources("api", "ingestion", "ml", "pipelines", "infra", "tests")
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
