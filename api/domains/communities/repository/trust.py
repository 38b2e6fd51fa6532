"""SQL about how far people are trusted."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.domain.trust import COUNTS, Facts, Happening

# Whose a thing is and what became of it may come in different news: each is kept, the state by its time.
NOTE_THINGS = text("""
    INSERT INTO communities.trust_things AS t (thing_id, author_id, kind, status, at)
    SELECT thing_id, (array_agg(author_id) FILTER (WHERE author_id IS NOT NULL))[1], (array_agg(kind))[1],
        (array_agg(status ORDER BY at DESC))[1], max(at)
    FROM unnest(CAST(:things AS uuid[]), CAST(:people AS uuid[]), CAST(:kinds AS text[]), CAST(:statuses AS text[]),
        CAST(:times AS timestamptz[])) AS n (thing_id, author_id, kind, status, at)
    GROUP BY thing_id ORDER BY thing_id
    ON CONFLICT (thing_id) DO UPDATE SET author_id = coalesce(excluded.author_id, t.author_id), kind = excluded.kind,
        status = CASE WHEN t.at IS NULL OR t.at <= excluded.at THEN excluded.status ELSE t.status END,
        at = greatest(t.at, excluded.at)
    WHERE t.at IS NULL OR t.at <= excluded.at OR (t.author_id IS NULL AND excluded.author_id IS NOT NULL)
""")
NOTE_VOTES = text("""
    WITH told AS (
        INSERT INTO communities.trust_votes AS v (thing_id, voter_id, value, at)
        SELECT DISTINCT ON (thing_id, voter_id) thing_id, voter_id, value, at
        FROM unnest(CAST(:things AS uuid[]), CAST(:people AS uuid[]), CAST(:values AS smallint[]),
            CAST(:times AS timestamptz[])) AS n (thing_id, voter_id, value, at)
        ORDER BY thing_id, voter_id, at DESC
        ON CONFLICT (thing_id, voter_id) DO UPDATE SET value = excluded.value, at = excluded.at
            WHERE v.at <= excluded.at
        RETURNING new.thing_id, coalesce(old.value, 0) AS was, new.value AS now
    ), moved AS (
        SELECT thing_id, sum((now = 1)::integer - (was = 1)::integer) AS ups,
            sum((now = -1)::integer - (was = -1)::integer) AS downs
        FROM told GROUP BY thing_id ORDER BY thing_id
    )
    INSERT INTO communities.trust_things AS t (thing_id, ups, downs) SELECT thing_id, ups, downs FROM moved
    ON CONFLICT (thing_id) DO UPDATE SET ups = t.ups + excluded.ups, downs = t.downs + excluded.downs
""")
NOTE_DAYS = text("""
    INSERT INTO communities.trust_days (customer_id, day)
    SELECT DISTINCT customer_id, (at AT TIME ZONE 'UTC')::date
    FROM unnest(CAST(:people AS uuid[]), CAST(:times AS timestamptz[])) AS n (customer_id, at) ORDER BY 1, 2
    ON CONFLICT DO NOTHING
""")
AUTHORS = text("""
    SELECT DISTINCT author_id FROM communities.trust_things
    WHERE thing_id = ANY(CAST(:things AS uuid[])) AND author_id IS NOT NULL
""")
_STATES: dict[str, list[str]] = {}
for (_kind, _status), _fact in COUNTS.items():
    _STATES.setdefault(_fact, []).append(f"('{_kind}', '{_status}')")
_COUNTED = ", ".join(
    f"count(*) FILTER (WHERE (t.kind, t.status) IN ({', '.join(states)})) AS {fact}" for fact, states in _STATES.items()
)
# Whoever counts anew waits for those who do so at this moment, and then sees what they saw.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('communities.trust'))")
COUNT = text(f"""
    SELECT who.customer_id,
        (SELECT count(*) FROM communities.trust_days d WHERE d.customer_id = who.customer_id) AS days,
        {_COUNTED},
        coalesce(sum(t.ups), 0) AS ups, coalesce(sum(t.downs), 0) AS downs
    FROM unnest(CAST(:people AS uuid[])) AS who (customer_id)
    LEFT JOIN communities.trust_things t ON t.author_id = who.customer_id
    GROUP BY who.customer_id
""")  # noqa: S608
_NAMES = tuple(Facts.__dataclass_fields__)
_FACTS = ", ".join(_NAMES)
PUT = text(f"""
    INSERT INTO communities.trust (customer_id, {_FACTS}, score, level)
    VALUES (:customer_id, {", ".join(f":{name}" for name in _NAMES)}, :score, :level)
    ON CONFLICT (customer_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES)},
        score = excluded.score, level = excluded.level
""")  # noqa: S608
FACTS = text(f"SELECT {_FACTS} FROM communities.trust WHERE customer_id = :customer_id")  # noqa: S608
ALL = text(f"SELECT customer_id, {_FACTS} FROM communities.trust")  # noqa: S608
LEVEL = text("SELECT level FROM communities.trust WHERE customer_id = :customer_id")
WRITTEN = text("""
    SELECT (SELECT count(*) FROM communities.posts
            WHERE author_id = :customer_id AND created_at > now() - interval '1 hour')
        + (SELECT count(*) FROM communities.comments
            WHERE author_id = :customer_id AND created_at > now() - interval '1 hour')
""")
CLEAR = text("""
    TRUNCATE communities.trust_things, communities.trust_votes, communities.trust_days, communities.trust
""")


def _columns(news: Sequence[Happening]) -> dict[str, Any]:
    return {
        "things": [each.thing_id for each in news],
        "people": [each.person_id for each in news],
        "times": [each.at for each in news],
    }


async def note_things(session: AsyncSession, news: Sequence[Happening]) -> None:
    """What became of things, unless something newer is known."""
    more = {"kinds": [each.kind for each in news], "statuses": [each.status for each in news]}
    await session.execute(NOTE_THINGS, _columns(news) | more)


async def note_votes(session: AsyncSession, news: Sequence[Happening]) -> None:
    """Votes, unless newer ones are known; the counters of their things follow."""
    await session.execute(NOTE_VOTES, _columns(news) | {"values": [each.value for each in news]})


async def note_days(session: AsyncSession, news: Sequence[Happening]) -> None:
    """On which days people did something."""
    columns = _columns(news)
    await session.execute(NOTE_DAYS, {"people": columns["people"], "times": columns["times"]})


async def authors(session: AsyncSession, things: Collection[UUID]) -> set[UUID]:
    """Whose things these are."""
    rows: Any = await session.execute(AUTHORS, {"things": list(things)})
    return set(rows.scalars())


async def take_turns(session: AsyncSession) -> None:
    """Nobody else counts anew until this transaction ends."""
    await session.execute(TAKE_TURNS)


async def count(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, Facts]:
    """Facts by person, from all that was noted."""
    rows: Any = await session.execute(COUNT, {"people": list(people)})
    return {row.pop("customer_id"): Facts(**row) for row in map(dict, rows.mappings())}


async def put(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep facts with the score and level that follow from them."""
    for row in rows:
        await session.execute(PUT, row)


async def facts(reader: Reader, customer_id: UUID) -> Facts:
    """What is known of a person."""
    row = (await reader.execute(FACTS, {"customer_id": customer_id})).mappings().one_or_none()
    return Facts() if row is None else Facts(**row)


async def everybody(reader: Reader) -> dict[UUID, Facts]:
    """What is known of everybody."""
    rows: Any = await reader.execute(ALL)
    return {row.pop("customer_id"): Facts(**row) for row in map(dict, rows.mappings())}


async def level(reader: Reader, customer_id: UUID) -> int:
    """A person's level; 0 for whom nothing is known of."""
    return int((await reader.execute(LEVEL, {"customer_id": customer_id})).scalar_one_or_none() or 0)


async def written(reader: Reader, customer_id: UUID) -> int:
    """How many posts and comments a person wrote within the hour."""
    return int((await reader.execute(WRITTEN, {"customer_id": customer_id})).scalar_one())


async def clear(session: AsyncSession) -> None:
    """Forget all of it, to hear it anew."""
    await session.execute(CLEAR)
