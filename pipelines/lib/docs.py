"""Pages about the data, made after builds and served as files: the dbt project's docs, and what the checks said last.

They load nothing from another host: what Great Expectations would fetch from elsewhere is taken out of its pages,
with the scripts that need it, and a stylesheet of our own stands in for it.
"""

import html
import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipelines.lib.dbt import run_dbt
from pipelines.lib.dbt_env import target_dir
from pipelines.lib.ops import open_ops
from pipelines.lib.settings import Settings

_DBT_FILES = ("index.html", "manifest.json", "catalog.json")
_LEFT_OUT = re.compile(
    r"<(?:link|img)\b[^>]*>|<script\b.*?</script>|<title>.*?</title>| onclick=\"[^\"]*\"", re.I | re.S
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = (Path(__file__).parent / "docs.css").read_text()
_SUITES = "select suite, checked_at, document from ops.check_documents order by suite"
_LAST = """
select distinct on (suite) suite, checked_at, passed, rows, failures, warnings, notes,
    exists (select from ops.check_documents as document where document.suite = checks.suite) as has_document,
    (select count(*) from ops.checks as other where other.suite = checks.suite) as times,
    (select count(*) from ops.checks as other where other.suite = checks.suite and not other.passed) as times_failed
from ops.checks order by suite, checked_at desc
"""


@dataclass(frozen=True)
class Documented:
    """What was written: models in dbt's catalogue, and pages of suites."""

    folder: Path
    models: int
    suites: int


def write_docs(settings: Settings, folder: Path) -> Documented:
    """Make all pages anew in `folder`. Raises DbtFailed where dbt does not take its project."""
    folder.mkdir(parents=True, exist_ok=True)
    models = _write_dbt(settings, folder / "dbt")
    with open_ops(settings) as connection:
        suites = _write_data(connection, folder / "data")
        _put(folder / "index.html", _page("Data docs", _index(connection)))
    return Documented(folder, models, suites)


def _write_dbt(settings: Settings, folder: Path) -> int:
    target = target_dir() / "docs"
    run_dbt(settings, ["--quiet", "docs", "generate"], target=target)
    folder.mkdir(exist_ok=True)
    for name in _DBT_FILES:
        # Whoever reads the old file meanwhile keeps it.
        shutil.copy(target / name, folder / f"{name}.new")
        (folder / f"{name}.new").replace(folder / name)
    return (target / "catalog.json").read_text().count('"unique_id": "model.')


def _write_data(connection: psycopg.Connection, folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    found = connection.execute(_SUITES).fetchall()
    for suite, checked_at, document in found:
        _put(folder / f"{suite}.html", _suite_page(suite, checked_at, document))
    return len(found)


def _suite_page(suite: str, checked_at: datetime, document: dict[str, Any]) -> str:
    """The page that Great Expectations makes of a result; what stood in the data stays text there and never runs."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    from great_expectations.core.expectation_validation_result import (  # noqa: PLC0415 - heavy
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415 - heavy
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415 - heavy

    result = expectationSuiteValidationResultSchema.load(_escaped(document))
    view: Any = DefaultJinjaPageView()
    made = view.render(ValidationResultsPageRenderer().render(result))
    title = html.escape(f"{suite}, {checked_at:%Y-%m-%d %H:%M} UTC")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    own = f"<title>{title}</title><style>{_STYLE}</style>"
    made = _LEFT_OUT.sub("", made).replace("<head>", f"<head>{policy}", 1)
    back = f'<p class="back"><a href="../">All data docs</a> · {title}</p>'
    return re.sub(r"(<body\b[^>]*>)", rf"\1{back}", made.replace("</head>", f"{own}</head>", 1), count=1)


def _escaped(value: Any) -> Any:
    """Every text of a document as HTML: Great Expectations writes them into its pages as they are."""
    if isinstance(value, dict):
        return {name: _escaped(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    return html.escape(value) if isinstance(value, str) else value


def _index(connection: psycopg.Connection) -> str:
    rows = connection.cursor(row_factory=dict_row).execute(_LAST).fetchall()
    suites = "".join(_suite_row(row) for row in rows)
    table = (
        "<table><thead><tr><th>Suite</th><th>Last</th><th>Result</th><th>Rows</th><th>In 90 days</th><th>Said</th></tr>"
        f"</thead><tbody>{suites}</tbody></table>"
        if rows
        else "<p>No check has run yet: they run with the first build.</p>"
    )
    return (
        "<h1>Data docs</h1>"
        '<p><a class="door" href="dbt/">Models of the warehouse</a> every mart with its meaning, columns, tests, SQL'
        " and what it is made of (dbt docs).</p>"
        f"<h2>Checks at each border</h2>{table}"
    )


def _suite_row(row: dict[str, Any]) -> str:
    result = "failed" if not row["passed"] else "passed with warnings" if row["warnings"] else "passed"
    said = [*row["failures"], *row["warnings"], *row["notes"]]
    told = "<br>".join(html.escape(each[:300]) for each in said[:5]) or "nothing"
    name = html.escape(row["suite"])
    link = f'<a href="data/{name}.html">{name}</a>' if row["has_document"] else name
    failed = f"{row['times']} runs, {row['times_failed']} failed"
    return (
        f'<tr><th scope="row">{link}</th><td>{row["checked_at"]:%Y-%m-%d %H:%M} UTC</td>'
        f'<td class="{"bad" if not row["passed"] else "good"}">{result}</td><td>{row["rows"]:,}</td>'
        f"<td>{failed}</td><td>{told}</td></tr>"
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _put(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
