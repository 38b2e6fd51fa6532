"""A forum's past: questions, answers, comments and votes with their own times, once however often they are loaded."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from rich.console import Console
from sqlalchemy import text

from api.core.db import Database
from infra.load.forum import load_forum, past_id, plain, read
from tests.api.communities.conftest import COUNTED

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "forum"
AT = datetime(2014, 1, 21, 20, 26)  # noqa: DTZ001 -- as the file has it


def write(folder: Path, name: str, schema: list[str], rows: list[tuple[Any, ...]]) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / name)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    site = "stackexchange_beer"
    write(
        tmp_path, f"{site}/posts.parquet",
        ["Id", "PostTypeId", "CreationDate", "Body", "OwnerUserId", "Title", "ParentId"],
        [
            (1, 1, AT, "<p>What are hops?</p>\n\n<p>I &lt;3 beer.</p>", 7, "Hops?", None),
            (2, 2, AT + timedelta(hours=1), "<p>A plant.</p>", 8, None, 1),
            (3, 2, AT, "<p>Of nothing.</p>", 8, None, 99),
            (4, 5, AT, "<p>A wiki.</p>", None, None, None),
            (5, 1, AT, "<p>Nameless</p>", 7, None, None),
        ],
    )  # fmt: skip
    write(
        tmp_path, f"{site}/comments.parquet", ["Id", "PostId", "Text", "CreationDate", "UserId"],
        [(1, 1, "Good question.", AT, None), (2, 2, "Indeed.", AT + timedelta(hours=2), 7), (3, 99, "Lost.", AT, 7)],
    )  # fmt: skip
    write(
        tmp_path, f"{site}/votes.parquet", ["Id", "PostId", "VoteTypeId", "CreationDate"],
        [(1, 1, 2, AT), (2, 1, 2, AT), (3, 1, 3, AT), (4, 2, 2, AT), (5, 1, 5, AT)],
    )  # fmt: skip
    write(
        tmp_path, "reddit_top_2013/posts_text.parquet",
        ["subreddit", "id", "title", "selftext", "created_utc", "url", "is_self", "over_18"],
        [
            ("Coffee", "a", "A  grinder", "Mine is loud.", 1313614070, "http://x.example/", True, False),
            ("Coffee", "b", "A picture", "", 1313614071, "http://x.example/b", False, False),
            ("Coffee", "c", "Not here", "", 1313614072, "http://x.example/c", False, True),
            ("Coffee", "d", "Broken", "", 1313614073, "javascript:alert(1)", False, False),
        ],
    )  # fmt: skip
    return tmp_path


async def rows_of(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_a_forum_comes_with_its_times_and_again_changes_nothing(
    rolled_back: Database, files: Path, tmp_path: Path
) -> None:
    screen = Console(file=StringIO(), width=160)
    result = await load_forum(files, report=tmp_path / "bad.csv", console=screen)
    assert (result.communities, result.posts, result.comments, result.votes) == (2, 3, 3, 4)
    assert result.refused == len((tmp_path / "bad.csv").read_text().splitlines()) - 1 == 6
    posts = await rows_of(
        rolled_back, "SELECT title, body, url, ups, downs, comments, created_at FROM communities.posts ORDER BY title"
    )
    assert [post[:3] for post in posts] == [
        ("A grinder", "Mine is loud.", None),
        ("A picture", "", "http://x.example/b"),
        ("Hops?", "What are hops?\n\nI <3 beer.", None),
    ]
    assert posts[2][3:] == (2, 1, 3, AT.replace(tzinfo=UTC))
    for what, sql in COUNTED.items():
        assert await rows_of(rolled_back, sql) == [], what
    events = await rows_of(rolled_back, "SELECT count(*) FROM core.outbox")
    again = await load_forum(files, console=screen)
    assert (again.people, again.communities, again.posts, again.comments, again.votes) == (0, 0, 0, 0, 0)
    assert await rows_of(rolled_back, "SELECT count(*) FROM core.outbox") == events
    assert {handle[:7] for [handle] in await rows_of(rolled_back, "SELECT handle FROM communities.people")} == {
        "reader-"
    }


def test_ids_are_of_the_time_and_the_same_again() -> None:
    early, late = (past_id("x", AT.replace(tzinfo=UTC) + timedelta(seconds=n)) for n in range(2))
    assert early < late
    assert (early.version, early.variant) == (7, UUID(int=0x8 << 60).variant)
    assert past_id("x", AT.replace(tzinfo=UTC)) == early != past_id("y", AT.replace(tzinfo=UTC))


def test_words_of_markup() -> None:
    assert plain('<p>a <a href="x">b</a></p>\n\n<p>c &amp; d</p>') == "a b\n\nc & d"


def test_a_missing_file_and_other_columns_are_told(files: Path) -> None:
    votes = files / "stackexchange_beer" / "votes.parquet"
    pl.DataFrame({"Id": [1]}).write_parquet(votes)
    with pytest.raises(ValueError, match=r"votes\.parquet has no column PostId, VoteTypeId, CreationDate"):
        read(files)
    votes.unlink()
    with pytest.raises(FileNotFoundError):
        read(files)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real forum is not in ../shared/data")
def test_the_real_files_are_read_whole() -> None:
    found = read(REAL)
    assert len(found.names) == 103
    assert len({post.post_id for post in found.posts}) == len(found.posts) > 100_000
    assert len({(vote.comment_id or vote.post_id, vote.voter_id) for vote in found.votes}) == len(found.votes)
    assert len(found.refused) < 1_500
