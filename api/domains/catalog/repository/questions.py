"""SQL of catalog about questions and answers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts.questions import AnswerView, QuestionView
from api.domains.catalog.repository.products import Reader

_QUESTION = "question_id, product_id, customer_id, body, status, reason, created_at, updated_at"
_ANSWER = """
    a.answer_id, a.question_id, q.product_id, a.customer_id, a.voice, a.body, a.status, a.reason, a.created_at,
    a.updated_at
"""
_JOINED = "catalog.answers a JOIN catalog.questions q USING (question_id)"
NEWEST = text(f"""
    SELECT {_QUESTION} FROM catalog.questions WHERE product_id = :product_id AND status = 'published'
      AND (CAST(:last AS uuid) IS NULL OR question_id < CAST(:last AS uuid))
    ORDER BY question_id DESC LIMIT :limit
""")  # noqa: S608
OWN_WAITING = text(f"""
    SELECT {_QUESTION} FROM catalog.questions
    WHERE product_id = :product_id AND customer_id = :customer_id AND status <> 'published' ORDER BY question_id
""")  # noqa: S608
LOCKED = text(f"SELECT {_QUESTION} FROM catalog.questions WHERE question_id = :id FOR UPDATE")  # noqa: S608
BY_ID = text(f"SELECT {_QUESTION} FROM catalog.questions WHERE question_id = ANY(:ids)")  # noqa: S608
HELD = text(f"""
    SELECT {_QUESTION} FROM catalog.questions WHERE status = 'held' ORDER BY updated_at, question_id LIMIT :limit
""")  # noqa: S608
UNANSWERED = text(f"""
    SELECT {_QUESTION} FROM catalog.questions q WHERE status = 'published'
      AND NOT EXISTS (SELECT FROM catalog.answers a WHERE a.question_id = q.question_id AND a.status = 'published')
    ORDER BY question_id LIMIT :limit
""")  # noqa: S608
COUNT_OWN = text("SELECT count(*) FROM catalog.questions WHERE product_id = :product_id AND customer_id = :customer_id")
LOCK_ASKER = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.questions:' || :customer_id, 0))")
SAME = text(f"""
    SELECT {_QUESTION} FROM catalog.questions
    WHERE product_id = :product_id AND customer_id = :customer_id AND body = :body
""")  # noqa: S608
ADD = text(f"""
    INSERT INTO catalog.questions (question_id, product_id, customer_id, body, status)
    VALUES (:question_id, :product_id, :customer_id, :body, :status) RETURNING {_QUESTION}
""")  # noqa: S608
DECIDE = text(f"""
    UPDATE catalog.questions SET status = :status, reason = :reason, updated_at = clock_timestamp()
    WHERE question_id = :id RETURNING {_QUESTION}
""")  # noqa: S608
PUBLISHED_ANSWERS = text(f"""
    SELECT {_ANSWER} FROM {_JOINED} WHERE a.question_id = ANY(:ids) AND a.status = 'published'
    ORDER BY a.voice = 'buyer', a.answer_id
""")  # noqa: S608
OWN_ANSWERS = text(f"""
    SELECT {_ANSWER} FROM {_JOINED} WHERE a.question_id = ANY(:ids) AND a.customer_id = :customer_id
""")  # noqa: S608
HELD_ANSWERS = text(f"""
    SELECT {_ANSWER} FROM {_JOINED} WHERE a.status = 'held' ORDER BY a.updated_at, a.answer_id LIMIT :limit
""")  # noqa: S608
LOCKED_ANSWER = text(f"SELECT {_ANSWER} FROM {_JOINED} WHERE a.answer_id = :id FOR UPDATE OF a")  # noqa: S608
# Two first answers of one person at once: the second waits for the first and then changes nothing.
ADD_ANSWER = text("""
    INSERT INTO catalog.answers (answer_id, question_id, customer_id, voice, body, status)
    VALUES (:answer_id, :question_id, :customer_id, :voice, :body, :status)
    ON CONFLICT ON CONSTRAINT uq_answers_person DO NOTHING
""")
CHANGE_ANSWER = text("""
    UPDATE catalog.answers SET voice = :voice, body = :body, status = :status, reason = NULL,
        updated_at = clock_timestamp()
    WHERE answer_id = :id
""")
DECIDE_ANSWER = text("""
    UPDATE catalog.answers SET status = :status, reason = :reason, updated_at = clock_timestamp() WHERE answer_id = :id
""")
TAKE_UNTOLD = text("""
    UPDATE catalog.answers SET told_at = clock_timestamp() WHERE answer_id = :id AND told_at IS NULL RETURNING answer_id
""")


async def _questions(reader: Reader, statement: Any, **values: Any) -> list[QuestionView]:
    return [QuestionView(**row) for row in (await reader.execute(statement, values)).mappings()]


async def _question(reader: Reader, statement: Any, **values: Any) -> QuestionView | None:
    return next(iter(await _questions(reader, statement, **values)), None)


async def _answers(reader: Reader, statement: Any, **values: Any) -> list[AnswerView]:
    return [AnswerView(**row) for row in (await reader.execute(statement, values)).mappings()]


async def newest(reader: Reader, product_id: int, last: UUID | None, limit: int) -> list[QuestionView]:
    """Published questions, the latest first; the ids are ordered by time."""
    return await _questions(reader, NEWEST, product_id=product_id, last=last, limit=limit)


async def own_waiting(reader: Reader, product_id: int, customer_id: UUID) -> list[QuestionView]:
    """What a person asked that is not shown."""
    return await _questions(reader, OWN_WAITING, product_id=product_id, customer_id=customer_id)


async def held(reader: Reader, limit: int) -> list[QuestionView]:
    """What waits to be looked at, the longest first."""
    return await _questions(reader, HELD, limit=limit)


async def unanswered(reader: Reader, limit: int) -> list[QuestionView]:
    """Published questions without a published answer, the oldest first."""
    return await _questions(reader, UNANSWERED, limit=limit)


async def locked(session: AsyncSession, question_id: UUID) -> QuestionView | None:
    """One question, which nobody else changes until the transaction ends."""
    return await _question(session, LOCKED, id=question_id)


async def by_id(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, QuestionView]:
    """Those of `ids` that exist, in whatever state."""
    return {each.question_id: each for each in await _questions(reader, BY_ID, ids=list(ids))}


async def lock_asker(session: AsyncSession, customer_id: UUID) -> None:
    """One question of a person at a time, so that their number is known."""
    await session.execute(LOCK_ASKER, {"customer_id": str(customer_id)})


async def same(reader: Reader, product_id: int, customer_id: UUID, body: str) -> QuestionView | None:
    """The same question of the same person."""
    return await _question(reader, SAME, product_id=product_id, customer_id=customer_id, body=body)


async def count_own(reader: Reader, product_id: int, customer_id: UUID) -> int:
    """How many questions a person has asked about a product."""
    values = {"product_id": product_id, "customer_id": customer_id}
    return int((await reader.execute(COUNT_OWN, values)).scalar_one())


async def add(session: AsyncSession, values: dict[str, Any]) -> QuestionView:
    """A new question."""
    return QuestionView(**(await session.execute(ADD, values)).mappings().one())


async def decide(session: AsyncSession, question_id: UUID, status: str, reason: str | None) -> QuestionView | None:
    """A new state."""
    return await _question(session, DECIDE, id=question_id, status=status, reason=reason)


async def published_answers(reader: Reader, ids: Sequence[UUID]) -> list[AnswerView]:
    """The published answers to these questions, the shop's and the seller's first."""
    return await _answers(reader, PUBLISHED_ANSWERS, ids=list(ids))


async def own_answers(reader: Reader, ids: Sequence[UUID], customer_id: UUID) -> dict[UUID, AnswerView]:
    """Question → what the person answered, whatever its state."""
    found = await _answers(reader, OWN_ANSWERS, ids=list(ids), customer_id=customer_id)
    return {each.question_id: each for each in found}


async def held_answers(reader: Reader, limit: int) -> list[AnswerView]:
    """Answers that wait to be looked at, the longest first."""
    return await _answers(reader, HELD_ANSWERS, limit=limit)


async def locked_answer(session: AsyncSession, answer_id: UUID) -> AnswerView | None:
    """One answer, which nobody else changes until the transaction ends."""
    return next(iter(await _answers(session, LOCKED_ANSWER, id=answer_id)), None)


async def add_answer(session: AsyncSession, values: dict[str, Any]) -> None:
    """A first answer; nothing where the person has one."""
    await session.execute(ADD_ANSWER, values)


async def change_answer(session: AsyncSession, answer_id: UUID, voice: str, body: str, status: str) -> None:
    """New words."""
    await session.execute(CHANGE_ANSWER, {"id": answer_id, "voice": voice, "body": body, "status": status})


async def decide_answer(session: AsyncSession, answer_id: UUID, status: str, reason: str | None) -> None:
    """A new state."""
    await session.execute(DECIDE_ANSWER, {"id": answer_id, "status": status, "reason": reason})


async def take_untold(session: AsyncSession, answer_id: UUID) -> bool:
    """Whether whoever asked has still to be told; from now on they are."""
    return (await session.execute(TAKE_UNTOLD, {"id": answer_id})).first() is not None
