"""The forum at size: a million posts, a thread of a hundred thousand comments, votes, the verdict before publishing.

`python -m tests.bench.forum` judges texts in its own process: 50 rules in force and a toxicity model.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from ml.moderation import corpora
from ml.moderation.train import train
from tests.bench import client, stock
from tests.bench.checkout import tokens
from tests.bench.client import Job, Seen, request
from tests.bench.form import Figure, Scale
from tests.shop import filled_shop, open_shop

COMMUNITIES, RECENT = 50, 20_000
COMMENTS = (20_000, 40_000, 30_000, 10_000)  # by level; each answers somebody of the level above
SECONDS, PAGES_A_SECOND = 8.0, 50
VOTERS, CONNECTIONS, WORKERS = 4_000, 16, 2
RULES, TEXTS = 50, 2_000
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "toxicity"  # made texts where it is missing

_PEOPLE = """
INSERT INTO communities.people (customer_id, handle)
SELECT id, 'person-' || n FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS p (id, n)
"""
_COMMUNITIES = """
INSERT INTO communities.communities (community_id, slug, name, visibility, members, scaled_size)
SELECT gen_random_uuid(), 'place-' || n, 'Place ' || n, 'public', n * 37, n * 37 FROM generate_series(1, %(number)s) n
"""
# Most posts are old and have no rank that decays; those of the last week have.
_POSTS = """
INSERT INTO communities.posts (post_id, community_id, author_id, kind, title, body, body_html, status, is_open,
    ups, downs, hot, active, scaled, created_at, active_at)
SELECT gen_random_uuid(), c.community_id, a.customer_id, 'text', 'Question ' || n || ' about bread and tools',
    'Words.', '<p>Words.</p>', 'published', true, ups, downs, hot, hot, hot / log(2 + c.scaled_size), born, born
FROM (
    SELECT n, (random() ^ 4 * 300)::int AS ups, (random() ^ 6 * 60)::int AS downs,
        now() - CASE WHEN n <= %(recent)s THEN random() * interval '6 days' ELSE interval '8 days'
            + random() * interval '700 days' END AS born
    FROM generate_series(1, %(posts)s) n) made
CROSS JOIN LATERAL (SELECT communities.hot(ups - downs, born, now()) AS hot) ranked
JOIN (SELECT community_id, scaled_size, row_number() OVER () AS place FROM communities.communities) c
    ON c.place = 1 + n %% %(communities)s
JOIN (SELECT customer_id, row_number() OVER () AS place FROM communities.people) a ON a.place = 1 + n %% %(people)s
"""
_FIRST_COMMENTS = """
INSERT INTO communities.comments (comment_id, post_id, parent_id, path, author_id, body, body_html, status, ups, downs)
SELECT uuidv7(), %(post)s, %(post)s, '{}', a.customer_id, 'An answer.', '<p>An answer.</p>', 'published',
    (random() ^ 4 * 300)::int, (random() ^ 6 * 60)::int
FROM generate_series(1, %(number)s) n
JOIN (SELECT customer_id, row_number() OVER () AS place FROM communities.people) a ON a.place = 1 + n %% %(people)s
"""
_MORE_COMMENTS = """
INSERT INTO communities.comments (comment_id, post_id, parent_id, path, author_id, body, body_html, status, ups, downs)
SELECT uuidv7(), %(post)s, above.comment_id, above.path || above.comment_id, above.author_id, 'So it is.',
    '<p>So it is.</p>', 'published', (random() ^ 4 * 30)::int, (random() ^ 6 * 9)::int
FROM generate_series(1, %(number)s) n
JOIN (SELECT *, row_number() OVER () AS place, count(*) OVER () AS all FROM communities.comments
    WHERE post_id = %(post)s AND depth = %(depth)s) above ON above.place = 1 + (n * 7919) %% above.all
"""
_RULES = """
INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state, explanation)
SELECT 'bench-' || n, 1, 'text.links > ' || n || ' || text.words > 900 + ' || n || ' || (author.age_days < 1.0 && '
    || 'model.toxicity > 0.9 + 0.001 * ' || n || '.0)', 'hold', 'Be civil', 1, 'active', 'One of many.'
FROM generate_series(1, %(number)s) n
"""
_VERSION = """
INSERT INTO serving.model_versions (name, kind, champion, parameters, metrics, lake_snapshots)
VALUES ('toxicity', 'logistic_regression', 'toxicity', '{}', '{}', '{}') RETURNING version
"""
_VOTE = """
\\set place random(1, 2000)
BEGIN;
INSERT INTO public.bench_votes VALUES (:place, gen_random_uuid(), 1);
UPDATE public.bench_counters SET n = n + 1 WHERE id = :place;
COMMIT;
"""
_REPLIES = """
UPDATE communities.comments c SET replies = counted.number
FROM (SELECT parent_id, count(*) AS number FROM communities.comments GROUP BY 1) counted
WHERE c.comment_id = counted.parent_id
"""


def forum(stack_env: dict[str, str], scale: Scale) -> list[Figure]:
    """Pages paced at 50 a second beside an empty answer; votes as fast as they come."""
    with tempfile.TemporaryDirectory() as folder, filled_shop(stack_env, Path(folder)) as shop:
        people = [uuid4() for _ in range(VOTERS)]
        thread, spread = _fill(shop, people, scale.posts)
        signed = tokens(shop, people)
        limit = _limit(shop)
        verdict = _verdict(shop)
        with open_shop(shop, Path(folder)) as url:
            port = int(url.rpartition(":")[2])
            paths = ("/healthz", "/forum?sort=hot", f"/v1/posts/{thread}/comments", f"/forum/posts/{thread}")
            empty, hot, comments, page = (_paced(port, path) for path in paths)
        with open_shop(shop, Path(folder), WORKERS) as url:
            port = int(url.rpartition(":")[2])
            apart = _votes(port, signed, spread)
            on_one = _votes(port, signed, [thread])
    return [
        Figure("hot page p95, 50/s", hot.p95, "ms", 30, "lower", empty.p95, "empty handler p95"),
        Figure(
            "first comments of a long thread p95, 50/s", comments.p95, "ms", 50, "lower", empty.p95, "empty handler"
        ),
        Figure("long thread, page p95, 50/s", page.p95, "ms", 50, "lower", empty.p95, "empty handler p95"),
        Figure("votes over HTTP, spread", apart.rate, "/s", 1_000, "higher", limit, "a row and a counter"),
        Figure("votes over HTTP, on one post", on_one.rate, "/s", 300, "higher", limit, "a row and a counter"),
        Figure("verdict with 50 rules and the model p95", verdict, "ms", 20, "lower"),
    ]


def _fill(shop: Mapping[str, str], people: list[UUID], posts: int) -> tuple[UUID, list[UUID]]:
    """The post with the long thread, and posts to vote on."""
    counts = {"posts": posts, "recent": RECENT, "communities": COMMUNITIES, "people": len(people)}
    with psycopg.connect(shop["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(_PEOPLE, {"ids": people})
        connection.execute(_COMMUNITIES, {"number": COMMUNITIES})
        connection.execute(_POSTS, counts)
        found = connection.execute("SELECT post_id FROM communities.posts WHERE hot > 0 LIMIT 2001").fetchall()
        (thread,), *others = found
        connection.execute(_FIRST_COMMENTS, {"post": thread, "number": COMMENTS[0], "people": len(people)})
        for depth, number in enumerate(COMMENTS[1:], 1):
            connection.execute(_MORE_COMMENTS, {"post": thread, "number": number, "depth": depth})
        connection.execute(_REPLIES)
        connection.execute(
            "UPDATE communities.posts SET comments = %s, author_id = %s WHERE post_id = %s",
            [sum(COMMENTS), people[0], thread],
        )
        connection.execute("VACUUM ANALYZE communities.posts, communities.comments, communities.people")
    return thread, [post_id for (post_id,) in others]


def _paced(port: int, path: str) -> Seen:
    headers = {"accept": "text/html"} if path.startswith("/forum") else None
    requests = [request("GET", path, headers)]
    client.run(Job(port, requests, 8, 1.0, PAGES_A_SECOND))
    return _good(client.run(Job(port, requests, 8, SECONDS, PAGES_A_SECOND)))


def _votes(port: int, signed: list[str], posts: list[UUID]) -> Seen:
    """Every person once, each on a post."""
    requests = [
        request(
            "PUT",
            f"/v1/posts/{posts[n % len(posts)]}/vote",
            {"Authorization": f"Bearer {token}"},
            '{"value": 1}',
        )
        for n, token in enumerate(signed[1:])  # the first one wrote the thread
    ]
    warm = len(requests) // 8
    client.run(Job(port, requests[:warm], CONNECTIONS, 0, is_once=True))
    return client.run(Job(port, requests[warm:], CONNECTIONS, 0, is_once=True))


def _good(seen: Seen) -> Seen:
    if seen.failed:
        raise RuntimeError(f"{seen.failed} answers were no success")
    return seen


def _limit(shop: Mapping[str, str]) -> float:
    """Rows written and counters raised a second, spread over as many rows."""
    with psycopg.connect(shop["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE public.bench_counters (id int PRIMARY KEY, n int) WITH (fillfactor = 50)")
        connection.execute("INSERT INTO public.bench_counters SELECT n, 0 FROM generate_series(1, 2000) n")
        connection.execute("CREATE TABLE public.bench_votes (id int, who uuid, value int, PRIMARY KEY (id, who))")
    return stock.play(shop["AGORA_POSTGRES_OWNER_URL"], _VOTE)


def _verdict(shop: Mapping[str, str]) -> float:
    """p95 of milliseconds for one text, everything that `judge` asks the database included."""
    texts = corpora.read(DATA).texts
    scorer = train(texts.head(20_000)).scorer
    with psycopg.connect(shop["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(_RULES, {"number": RULES})
        row = connection.execute(_VERSION).fetchone()
        connection.execute(
            "INSERT INTO serving.toxicity (version, weights, bias) VALUES (%s, %s, %s)",
            [row and row[0], scorer.weights.astype("<f4").tobytes(), scorer.bias],
        )
        connection.execute("INSERT INTO serving.active (name, version) VALUES ('toxicity', %s)", row)
    some = random.Random(1).sample(texts["text"].to_list(), min(TEXTS, texts.height))
    command = [sys.executable, "-m", "tests.bench.forum"]
    done = subprocess.run(
        command, env=os.environ | dict(shop), input=json.dumps(some), stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


async def _judge(texts: list[str]) -> float:
    from api.core.db import get_database, transaction  # noqa: PLC0415 -- reads the environment for good
    from api.domains.moderation import facade as moderation  # noqa: PLC0415
    from api.domains.moderation.errors import TextRefused  # noqa: PLC0415

    seconds = []
    for text in texts:
        began = time.perf_counter()
        try:
            async with transaction() as session:
                await moderation.judge(session, text, "post", may_link=True)
        except TextRefused:
            pass
        seconds.append(time.perf_counter() - began)
    await get_database().close()
    seconds.sort()
    return seconds[int(len(seconds) * 0.95)] * 1000


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(_judge(json.load(sys.stdin)))}\n")
