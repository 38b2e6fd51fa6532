"""`agora reputation` on a real lake: what is kept follows from what landed, however it came about."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text

from api.core.db import get_database, set_database, transaction
from api.core.inbox import ReceivedEvent
from api.core.settings import get_settings
from api.domains.communities import facade
from api.domains.communities.domain.trust import Facts
from api.domains.communities.handlers import HANDLERS
from infra.local import reputation
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.communities import CommentPublished, PostPublished, PostVoted, PostWithdrawn
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.api.communities.test_trust import ARRIVED, BUYER, GIVEN_BACK, LOST, sold
from tests.pipelines.lake_writer import Lake
from tests.pipelines.serving_database import serving_database

START = datetime(2026, 3, 1, tzinfo=UTC)
SELLER, WRITER, READER, POST, GONE = (UUID(int=number) for number in range(21, 26))
HERE = {"community_id": UUID(int=7)}


def happened() -> list[Event]:
    """A seller's sales, and a writer's posts with a reader's votes."""
    return [
        *sold(SELLER, ARRIVED),
        *sold(SELLER, ARRIVED, GIVEN_BACK),
        *sold(SELLER, ARRIVED, LOST),
        *sold(None, ARRIVED),
        PostPublished(**HERE, customer_id=WRITER, post_id=POST, kind="text"),
        PostPublished(**HERE, customer_id=WRITER, post_id=GONE, kind="text"),
        PostWithdrawn(**HERE, customer_id=WRITER, post_id=GONE, status="removed"),
        PostVoted(**HERE, customer_id=READER, post_id=POST, value=1),
        CommentPublished(**HERE, customer_id=READER, post_id=POST, comment_id=UUID(int=8), parent_id=POST),
        PostVoted(**HERE, customer_id=SELLER, post_id=POST, value=-1),
        PostVoted(**HERE, customer_id=SELLER, post_id=POST, value=0),
    ]


async def hear(received: list[ReceivedEvent]) -> None:
    """As the worker does: a message, a transaction; some come twice."""
    for event in (*received, *received[::3]):
        async with transaction() as session:
            await HANDLERS[event.data.type](session, [event])
    await get_database().close()
    set_database(None)


async def run(statement: str) -> None:
    """One statement, committed."""
    async with transaction() as session:
        await session.execute(text(statement))
    await get_database().close()
    set_database(None)


@pytest.fixture
def shop(stack_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of the shop's own."""
    with serving_database(stack_env) as urls:
        monkeypatch.setenv("AGORA_POSTGRES_URL", urls["AGORA_POSTGRES_URL"])
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("shop")
def test_what_is_kept_is_what_the_lake_tells_and_is_made_anew_from_it(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    received = [
        ReceivedEvent(new_event_id(), START + timedelta(minutes=7 * number), event)
        for number, event in enumerate(happened())
    ]
    lake.land(
        *(lake.event(each.data.type, each.occurred_at, each.event_id, **each.data.model_dump(mode="json"))
          for each in received)
    )  # fmt: skip
    refresh_typed_and_warehouse(lake.settings)
    asyncio.run(hear(Random(5).sample(received, len(received))))
    assert facade.facts_from(reputation.news()) == {
        SELLER: Facts(days=1, sales=3, refunded=1, disputed=1),
        BUYER: Facts(orders=4),
        WRITER: Facts(days=1, posts=1, ups=1, removed=1),
        READER: Facts(days=1, comments=1),
    }
    assert reputation.check() == 0
    asyncio.run(run("UPDATE communities.trust SET sales = 9, score = 99 WHERE sales > 0"))
    asyncio.run(run("DELETE FROM communities.trust WHERE posts > 0"))
    assert reputation.check() == 1
    assert "2 people differ" in capsys.readouterr().out
    reputation.rebuild()
    assert reputation.check() == 0
