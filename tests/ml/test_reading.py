"""Files as people have them: names guessed, times of every kind, bad rows counted, one line where it cannot be used."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ml.recommendations.reading import UnreadableFile, read, read_items

HEADER = "userId,movieId,rating,timestamp\n"


def write(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_bad_rows_are_counted_by_reason(tmp_path: Path) -> None:
    rows = "1,10,4,1000\n,10,4,1000\n1,,4,1000\n1,11,x,1000\n1,12,-1,1000\n2,10,5,\n2,11,2,2000\n"
    held = read(write(tmp_path, HEADER + rows), weight="rating")
    assert held.rows == 7
    assert held.bad == {"no user": 1, "no item": 1, "no readable time": 1, "no usable weight": 2}
    assert held.lines.select("customer_id", "product_id", "weight").rows() == [("1", 0, 4.0), ("2", 1, 2.0)]
    assert held.names == ["10", "11"]


def test_a_rating_becomes_a_like(tmp_path: Path) -> None:
    rows = "1,10,4,1000\n1,11,3,1000\n1,12,5,1000\n2,10,5,1000\n"
    held = read(write(tmp_path, HEADER + rows), weight="rating", at_least=4, least_per_person=2)
    assert held.lines["customer_id"].to_list() == ["1", "1"]
    assert held.bad == {}
    assert "weight" not in held.lines.columns


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1714564800", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("1714564800000", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01 12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_of_many_kinds(tmp_path: Path, said: str, meant: datetime) -> None:
    held = read(write(tmp_path, f"user,item,time\n1,2,{said}\n"))
    assert held.lines["occurred_at"].to_list() == [meant]
    assert held.is_timed


def test_parquet_without_times(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    pl.DataFrame({"user": [1, 1], "item": [5, 6]}).write_parquet(path)
    held = read(path)
    assert not held.is_timed
    assert held.lines.height == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("file.csv", "a,b\n1,2\n", "which column is the user"),
        ("file.csv", "user,b\n1,2\n", "which column is the item"),
        ("file.csv", "user,item\n,2\n", "no usable row"),
        ("file.csv", "", "file.csv"),
        ("file.parquet", "not parquet", "file.parquet"),
        ("file.xlsx", "x", "neither Parquet nor CSV"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message) as refused:
        read(write(tmp_path, text, name))
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_an_unknown_column(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read(tmp_path / "nothing.csv")
    path = write(tmp_path, "user,item\n1,2\n")
    for option in ("user", "item", "time", "weight"):
        with pytest.raises(UnreadableFile, match="no column colour; there are user, item"):
            read(path, **{option: "colour"})  # type: ignore[arg-type]


def test_items_come_in_the_order_of_the_names(tmp_path: Path) -> None:
    path = write(tmp_path, "movieId,title,category,year\n7,Seven,Crime,1995\n3,Three,Drama,x\n", "items.csv")
    found = read_items(path, None, ["3", "5", "7"], trait="year")
    assert found["product_id"].to_list() == [0, 1, 2]
    assert found["title"].to_list() == ["Three", None, "Seven"]
    assert found["trait"].to_list() == [None, None, 1995.0]
