"""`agora evaluate recommendations` as a person types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.local.cli import app
from infra.local.settings import LocalError
from tests.ml.conftest import make_lines, make_products

COMMAND = ["evaluate", "recommendations"]
QUICK = ["--models", "recent_popularity,own_repeats,item_knn", "--people", "20"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    make_lines(customers=30, weeks=12).write_csv(folder / "lines.csv")
    make_products().write_parquet(folder / "items.parquet")
    with (folder / "lines.csv").open("a") as more:
        more.write("c001,,1,o,2024-01-01T00:00:00Z\nc001,3,1,o,never\n")
    return folder


def ask(*arguments: str) -> str:
    found = CliRunner().invoke(app, [*COMMAND, *arguments], catch_exceptions=False, env={"COLUMNS": "200"})
    assert found.exit_code == 0, found.output
    return found.output


@pytest.mark.parametrize("split", ["time", "leave-one-out", "random", "strong"])
def test_all_figures_go_to_the_file_and_the_table(files: Path, tmp_path: Path, split: str) -> None:
    out = tmp_path / "report.json"
    said = ask("--interactions", str(files / "lines.csv"), "--split", split, *QUICK, "--json", str(out), "--seed", "3")
    report = json.loads(out.read_text())
    assert report["split"] == split
    assert report["bad_rows"] == {"no item": 1, "no readable time": 1}
    assert "left out: no item" in said
    for task, found in report["tasks"].items():
        assert f"{task}: {found['best']} is best" in " ".join(said.split())
        assert set(found["models"]) == {"recent_popularity", "own_repeats", "item_knn"}
        for figures in found["models"].values():
            for metric in ("ndcg", "recall", "map", "mrr", "coverage", "novelty", "popularity_bias"):
                assert f"{metric}_at_10" in figures
            assert figures["ndcg_at_10_low"] <= figures["ndcg_at_10_high"]
    for cost in report["costs"].values():
        assert set(cost) == {"fit_seconds", "score_seconds", "memory_mb"}


def test_the_same_seed_gives_the_same_figures(files: Path, tmp_path: Path) -> None:
    reports = []
    for name in ("one", "two"):
        out = tmp_path / f"{name}.json"
        ask("--interactions", str(files / "lines.csv"), "--split", "random", *QUICK, "--json", str(out), "--tune", "2")
        reports.append(json.loads(out.read_text()))
    assert reports[0]["tasks"] == reports[1]["tasks"]
    assert reports[0]["changed"] == reports[1]["changed"]
    assert "shrink" in reports[0]["changed"]["item_knn"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--interactions", "nowhere.csv"], "there is no such file"),
        (["--interactions", "LINES", "--user", "colour"], "no column colour; there are customer_id"),
        (["--interactions", "LINES", "--split", "sideways"], "no such split: sideways"),
        (["--interactions", "LINES", "--models", "oracle"], "no such model: oracle"),
        (["--interactions", "LINES", "--set", "ease.colour=3"], "no such setting: ease.colour"),
        (["--interactions", "LINES", "--set", "ease.items=many"], "ease.items is a number"),
        (["--interactions", "LINES", "--held-out", "9999"], "nothing to learn from"),
    ],
)
def test_what_cannot_be_done_is_one_line(files: Path, arguments: list[str], message: str) -> None:
    said = [str(files / "lines.csv") if each == "LINES" else each for each in arguments]
    with pytest.raises(LocalError, match=message) as refused:
        CliRunner().invoke(app, [*COMMAND, *said], catch_exceptions=False)
    assert "\n" not in str(refused.value)


def test_a_file_without_times_is_not_split_by_time(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("user,item\n" + "".join(f"{user},{item}\n" for user in range(6) for item in range(user, user + 5)))
    with pytest.raises(LocalError, match="needs a column of times"):
        CliRunner().invoke(app, [*COMMAND, "--interactions", str(path)], catch_exceptions=False)
    assert "new: " in ask("--interactions", str(path), "--split", "random", "--models", "popularity,item_knn")
