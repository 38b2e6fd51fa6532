"""`agora load forum`: a question-and-answer site and the top posts of 102 communities become past posts.

Whoever wrote has a number at the source, or none: here everybody is called reader-…, nobody can sign in as any of them.
The site says how often a thing was voted for and on which day, not by whom: each vote is cast by one of so many
voters, who stand for nobody. Of the top posts only their number of votes is known: they come without.

Ids are made from the source's and its times, each chunk is one transaction: a load that was interrupted goes on where
it stopped, and a second one changes nothing.
"""

import asyncio
import errno
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import nh3
import polars as pl
from rich.console import Console

from api.core.db import transaction
from api.core.errors import Invalid
from api.core.markdown import fitting_url
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import BadRow
from api.domains.communities import facade as communities
from api.domains.communities.contracts import PastComment, PastPost, PastVote
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport
from infra.load.meter import Meter

NAMESPACE = UUID("5f3b2c80-6f0e-4d0b-9a55-0a3cf6a1f6de")
SOURCE = "forum"
SITE = "craft-beer"  # one of the 102 is called beer
QUESTION, ANSWER = 1, 2
VOTES = {2: 1, 3: -1}
VOTERS = 500
ROWS_AT_ONCE = 1_000
LONGEST_TITLE, LONGEST_POST, LONGEST_COMMENT = 300, 40_000, 10_000
COLUMNS = {
    "stackexchange_beer/posts.parquet": (
        "Id", "PostTypeId", "CreationDate", "Body", "OwnerUserId", "Title", "ParentId",
    ),
    "stackexchange_beer/comments.parquet": ("Id", "PostId", "Text", "CreationDate", "UserId"),
    "stackexchange_beer/votes.parquet": ("Id", "PostId", "VoteTypeId", "CreationDate"),
    "reddit_top_2013/posts_text.parquet": (
        "subreddit", "id", "title", "selftext", "created_utc", "url", "is_self", "over_18",
    ),
}  # fmt: skip


@dataclass
class Forum:
    """What the files say, in our terms. `refused`: rows that cannot stand here."""

    people: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    names: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    posts: list[PastPost] = field(default_factory=list)
    comments: list[PastComment] = field(default_factory=list)
    votes: list[PastVote] = field(default_factory=list)
    refused: list[BadRow] = field(default_factory=list)

    def reader(self, number: object, at: datetime) -> tuple[UUID, str]:
        """An account and its handle."""
        handle = f"reader-{number}"
        customer_id = uuid5(NAMESPACE, handle)
        first = self.people.get(customer_id, (handle, at))[1]
        self.people[customer_id] = handle, min(first, at)
        return customer_id, handle

    def refuse(self, line: int, row_id: object, name: str, reason: str) -> None:
        """Say why a row is not taken."""
        self.refused.append(BadRow(line, str(row_id), name, reason))


@dataclass
class ForumReport:
    """What one load did: how many of each were new, how many rows were refused, seconds of each step."""

    people: int = 0
    communities: int = 0
    posts: int = 0
    comments: int = 0
    votes: int = 0
    refused: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def past_id(name: str, at: datetime) -> UUID:
    """Always the same of the same, in the order of time as every other id: a UUID of version 7 (RFC 9562)."""
    digest = int.from_bytes(blake2b(name.encode(), digest_size=10).digest())
    stamp = int(at.timestamp() * 1000) << 80
    return UUID(int=(stamp | digest) & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


async def load_forum(folder: Path, *, report: Path | None = None, console: Console | None = None) -> ForumReport:
    """Load both sources in `folder`; `report` is where every refused row goes. Raises FileNotFoundError, ValueError."""
    console, result = console or Console(), ForumReport()
    found = await asyncio.to_thread(read, folder)
    result.refused = len(found.refused)
    if report:
        with catalog.Report(report) as bad:
            for row in found.refused:
                bad.add(row)
    meter = Meter(console, result.seconds)
    with meter.progress:
        result.people = await meter.run("people", _accounts(found), ROWS_AT_ONCE, _people)
        owner = uuid5(NAMESPACE, "reader-0")
        async with transaction() as session:
            result.communities = await communities.import_communities(session, found.names, owner)
        result.posts = await meter.run("posts", found.posts, ROWS_AT_ONCE, _posts)
        result.comments = await meter.run("comments", found.comments, ROWS_AT_ONCE, _comments)
        result.votes = await meter.run("votes", found.votes, ROWS_AT_ONCE, _votes)
    console.print(
        f"New: {result.communities:,} communities, {result.posts:,} posts, {result.comments:,} comments,"
        f" {result.votes:,} votes, {result.people:,} people; {result.refused:,} rows refused."
    )
    for row in found.refused[:10]:
        console.print(f"  line {row.line}: {row.field} {row.reason}")
    return result


async def _people(chunk: Sequence[CustomerImport]) -> int:
    async with transaction() as session:
        return await identity.import_customers(session, chunk)


async def _posts(chunk: Sequence[PastPost]) -> int:
    async with transaction() as session:
        return await communities.import_posts(session, chunk)


async def _comments(chunk: Sequence[PastComment]) -> int:
    async with transaction() as session:
        return await communities.import_comments(session, chunk)


async def _votes(chunk: Sequence[PastVote]) -> int:
    async with transaction() as session:
        return await communities.import_votes(session, chunk)


def _accounts(found: Forum) -> list[CustomerImport]:
    return [
        CustomerImport(customer_id, f"{handle}@forum.example", handle.capitalize(), None, SOURCE, None, None, None, at)
        for customer_id, (handle, at) in found.people.items()
    ]


def read(folder: Path) -> Forum:
    """Both sources. Raises FileNotFoundError, and ValueError for a file with other columns."""
    posts, comments, votes, tops = (_rows(folder / name, columns) for name, columns in COLUMNS.items())
    found = Forum()
    found.names[SITE] = uuid5(NAMESPACE, SITE), "Craft beer"
    _read_site(found, posts, comments, votes)
    _read_tops(found, tops)
    first = min((at for _, at in found.people.values()), default=datetime.now(UTC))
    found.reader(0, first)
    return found


def _rows(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    rows = pl.read_parquet(path)
    if missing := [name for name in columns if name not in rows.columns]:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}")
    return rows.select(columns)


def _read_site(found: Forum, posts: pl.DataFrame, comments: pl.DataFrame, votes: pl.DataFrame) -> None:
    """Questions are posts, answers stand at the top of their threads, comments below what they are about."""
    questions: dict[int, UUID] = {}
    answers: dict[int, tuple[UUID, UUID]] = {}  # answer → its post and itself
    for line, row in _numbered(posts):
        at, body = _utc(row["CreationDate"]), plain(row["Body"])
        author_id, author = found.reader(row["OwnerUserId"] or "unknown", at)
        row_id, kind = row["Id"], row["PostTypeId"]
        if kind == QUESTION:
            title = " ".join((row["Title"] or "").split())
            if wrong := _unfit(title, body, LONGEST_POST):
                found.refuse(line, row_id, *wrong)
                continue
            questions[row_id] = post_id = past_id(f"question-{row_id}", at)
            found.posts.append(PastPost(post_id, SITE, author_id, author, title, body, None, at))
        elif kind != ANSWER:
            found.refuse(line, row_id, "PostTypeId", "is neither a question nor an answer")
        elif row["ParentId"] not in questions:
            found.refuse(line, row_id, "ParentId", "names no question above")
        elif wrong := _unfit("-", body, LONGEST_COMMENT):
            found.refuse(line, row_id, *wrong)
        else:
            answers[row_id] = questions[row["ParentId"]], past_id(f"answer-{row_id}", at)
            found.comments.append(
                PastComment(answers[row_id][1], answers[row_id][0], None, author_id, author, body, at)
            )
    for line, row in _numbered(comments):
        at, body = _utc(row["CreationDate"]), (row["Text"] or "").strip()
        of = _thing(row["PostId"], questions, answers)
        if of is None:
            found.refuse(line, row["Id"], "PostId", "is of nothing that was taken")
        elif wrong := _unfit("-", body, LONGEST_COMMENT):
            found.refuse(line, row["Id"], *wrong)
        else:
            post_id, parent_id = of
            author_id, author = found.reader(row["UserId"] or "unknown", at)
            comment_id = past_id(f"comment-{row['Id']}", at)
            found.comments.append(PastComment(comment_id, post_id, parent_id, author_id, author, body, at))
    _read_votes(found, votes, questions, answers)


def _thing(
    row_id: int, questions: Mapping[int, UUID], answers: Mapping[int, tuple[UUID, UUID]]
) -> tuple[UUID, UUID | None] | None:
    """The post of a question; post and comment of an answer; None for what was not taken."""
    return answers.get(row_id) or ((questions[row_id], None) if row_id in questions else None)


def _read_votes(
    found: Forum, votes: pl.DataFrame, questions: Mapping[int, UUID], answers: Mapping[int, tuple[UUID, UUID]]
) -> None:
    cast: dict[int, int] = {}
    for line, row in _numbered(votes):
        about, value = row["PostId"], VOTES.get(row["VoteTypeId"])
        if value is None:
            continue  # favourites, flags and the like are no votes
        of = _thing(about, questions, answers)
        if of is None:
            found.refuse(line, row["Id"], "PostId", "is of nothing that was taken")
            continue
        cast[about] = number = cast.get(about, -1) + 1
        if number == VOTERS:
            raise ValueError(f"more than {VOTERS} votes on {about}")
        at = _utc(row["CreationDate"])
        voter_id, _ = found.reader(f"v{(about * 37 + number) % VOTERS}", at)
        found.votes.append(PastVote(*of, voter_id, value, at))


def _read_tops(found: Forum, rows: pl.DataFrame) -> None:
    for line, row in _numbered(rows):
        slug, title, body = (
            row["subreddit"].lower(),
            " ".join((row["title"] or "").split()),
            (row["selftext"] or "").strip(),
        )
        if row["over_18"]:
            found.refuse(line, row["id"], "over_18", "is for adults alone")
            continue
        url = None
        if not row["is_self"]:
            try:
                url = fitting_url(row["url"])
            except Invalid:
                found.refuse(line, row["id"], "url", "is no address")
                continue
        if wrong := _unfit(title, body or "-", LONGEST_POST):
            found.refuse(line, row["id"], *wrong)
            continue
        found.names.setdefault(slug, (uuid5(NAMESPACE, slug), row["subreddit"]))
        at = datetime.fromtimestamp(row["created_utc"], UTC)
        author_id, author = found.reader("unknown", at)
        found.posts.append(PastPost(past_id(f"top-{row['id']}", at), slug, author_id, author, title, body, url, at))


def _numbered(rows: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    return enumerate(rows.iter_rows(named=True), start=1)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def plain(markup: str | None) -> str:
    """The words of HTML, paragraphs apart."""
    return html.unescape(nh3.clean(markup or "", tags=set())).strip()


def _unfit(title: str, body: str, longest: int) -> tuple[str, str] | None:
    """What is wrong with a text, and why."""
    if not title or len(title) > LONGEST_TITLE:
        return "title", "is missing" if not title else "is too long"
    if not body or len(body) > longest:
        return "body", "is missing" if not body else "is too long"
    return ("body", "has a character that no text has") if "\x00" in title + body else None
