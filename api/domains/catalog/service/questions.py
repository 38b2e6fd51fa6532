"""Questions about products: asked by anybody who signed in, answered by the shop, the seller and buyers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.access import permits
from api.core.audit import record_act
from api.core.auth import Principal
from api.core.errors import Invalid
from api.core.mail import send_mail
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.settings import get_settings
from api.core.texts import fitting
from api.domains.catalog.contracts import ProductView
from api.domains.catalog.contracts.questions import AnswerView, QuestionDesk, QuestionView
from api.domains.catalog.errors import AnswerNotFound, MayNotAnswer, QuestionNotFound, TooManyQuestions
from api.domains.catalog.repository import questions, reviews, variants
from api.domains.catalog.repository.products import Reader
from api.domains.catalog.service import subjects
from api.domains.catalog.service.products import get_product, shown_product
from api.domains.identity import facade as identity
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject, Verdict
from ingestion.contracts import new_event_id
from ingestion.contracts.catalog import AnswerPublished, AnswerWithdrawn, QuestionPublished, QuestionWithdrawn

LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_REASON = 500, 2000, 500
MOST_QUESTIONS = 10
QUEUE_SHOWN = 100
FOR_THE_SHOP = "catalog.manage"


async def ask(session: AsyncSession, customer_id: UUID, product_id: int, body: str) -> QuestionView:
    """A person's question; the same again is asked once.

    Raises ProductNotFound, ProductArchived, Invalid and TooManyQuestions.
    """
    await shown_product(session, product_id)
    body = fitting("body", body, LONGEST_QUESTION, shortest=1)
    await questions.lock_asker(session, customer_id)
    if (known := await questions.same(session, product_id, customer_id, body)) is not None:
        return known
    if await questions.count_own(session, product_id, customer_id) >= MOST_QUESTIONS:
        raise TooManyQuestions
    question_id = new_event_id()
    verdict = await moderation.judge(session, body, "question", customer_id, subject_id=question_id)
    ids = {"question_id": question_id, "product_id": product_id, "customer_id": customer_id}
    asked = await questions.add(session, {**ids, "body": body, "status": verdict.status})
    if verdict.status == "held":
        await moderation.hold(session, subjects.of_question(asked), verdict)
    await _tell_question(session, "new", asked)
    return asked


async def answer(session: AsyncSession, person: Principal, question_id: UUID, body: str) -> AnswerView:
    """A person's answer, or their new words for it; whoever asked is told once.

    One that waits or was rejected is looked at again; what the shop itself says stands at once.
    Raises QuestionNotFound, MayNotAnswer and Invalid.
    """
    question = await questions.locked(session, question_id)
    if question is None or question.status != "published":
        raise QuestionNotFound
    voice = await voice_of(session, person, question.product_id)
    if voice is None:
        raise MayNotAnswer
    body = fitting("body", body, LONGEST_ANSWER, shortest=1)
    is_shop = voice == "shop"
    # The question is locked, so nobody adds an answer to it meanwhile.
    was = (await questions.own_answers(session, [question_id], person.customer_id)).get(question_id)
    answer_id = was.answer_id if was else new_event_id()
    verdict = Verdict("allow")
    if not is_shop:
        verdict = await moderation.judge(session, body, "answer", person.customer_id, subject_id=answer_id)
    status: str = verdict.status
    if was is None:
        ids = {"answer_id": answer_id, "question_id": question_id, "customer_id": person.customer_id}
        await questions.add_answer(session, {**ids, "voice": voice, "body": body, "status": status})
    else:
        if was.status != "published" and not is_shop:
            status = "held"
        await questions.change_answer(session, answer_id, voice, body, status)
    if is_shop:
        await record_act(session, person.customer_id, "questions.answer", f"question:{question_id}")
    given = await _tell_answer(session, question, was, answer_id)
    if status == "held":
        await moderation.hold(session, subjects.of_answer(given), verdict)
    return given


def speaks_for_the_shop(person: Principal) -> bool:
    """Whether what the person answers is the shop's own word."""
    return permits(person.roles, FOR_THE_SHOP)


async def voice_of(reader: Reader, person: Principal, product_id: int) -> str | None:
    """As whom the person may answer: for the shop, as the seller, as somebody whom the product reached, or not."""
    if speaks_for_the_shop(person):
        return "shop"
    if any(each.seller_id == person.customer_id for each in await variants.of_product(reader, product_id)):
        return "seller"
    return "buyer" if await reviews.has_bought(reader, product_id, person.customer_id) else None


async def decide_question(
    session: AsyncSession, operator_id: UUID, question_id: UUID, is_published: bool, reason: str = ""
) -> QuestionView:
    """Publish a question, or reject it with a reason; the same again does nothing. Raises QuestionNotFound, Invalid."""
    status, why = _decision(is_published, reason)
    was = await questions.locked(session, question_id)
    if was is None:
        raise QuestionNotFound
    if was.status == status:
        return was
    await record_act(session, operator_id, f"questions.{_verb(is_published)}", f"question:{question_id}")
    await _settle(session, subjects.of_question(was), was.status, operator_id, why)
    return await set_question_status(session, was, status, why)


async def set_question_status(session: AsyncSession, was: QuestionView, status: str, why: str | None) -> QuestionView:
    """Another state of a question that is locked, and all that follows."""
    now = await questions.decide(session, was.question_id, status, why) or was
    await _tell_question(session, was.status, now)
    return now


async def _settle(session: AsyncSession, subject: Subject, was: str, operator_id: UUID, why: str | None) -> None:
    """The author is told why, and can appeal; what is restored counts against nobody."""
    await moderation.settle(session, subject, operator_id, "approve" if why is None else "remove", why or "")
    if why is None and was == "rejected":
        await moderation.take_back(session, subject.kind, subject.subject_id, operator_id)


async def decide_answer(
    session: AsyncSession, operator_id: UUID, answer_id: UUID, is_published: bool, reason: str = ""
) -> AnswerView:
    """The same for an answer. Raises AnswerNotFound, Invalid."""
    status, why = _decision(is_published, reason)
    was = await questions.locked_answer(session, answer_id)
    if was is None:
        raise AnswerNotFound
    if was.status == status:
        return was
    await record_act(session, operator_id, f"questions.{_verb(is_published)}_answer", f"answer:{answer_id}")
    await _settle(session, subjects.of_answer(was), was.status, operator_id, why)
    return await set_answer_status(session, was, status, why)


async def set_answer_status(session: AsyncSession, was: AnswerView, status: str, why: str | None) -> AnswerView:
    """Another state of an answer that is locked, and all that follows."""
    question = (await questions.by_id(session, [was.question_id]))[was.question_id]
    await questions.decide_answer(session, was.answer_id, status, why)
    return await _tell_answer(session, question, was, was.answer_id)


async def question_to_report(session: AsyncSession, question_id: UUID) -> Subject:
    """A question that everybody reads. Raises QuestionNotFound."""
    found = await questions.locked(session, question_id)
    if found is None or found.status != "published":
        raise QuestionNotFound
    return subjects.of_question(found)


async def answer_to_report(session: AsyncSession, answer_id: UUID) -> Subject:
    """An answer that everybody reads. Raises AnswerNotFound."""
    found = await questions.locked_answer(session, answer_id)
    if found is None or found.status != "published":
        raise AnswerNotFound
    return subjects.of_answer(found)


def _decision(is_published: bool, reason: str) -> tuple[str, str | None]:
    if is_published:
        return "published", None
    return "rejected", fitting("reason", reason, LONGEST_REASON, shortest=1)


def _verb(is_published: bool) -> str:
    return "publish" if is_published else "reject"


async def _tell_question(session: AsyncSession, was: str, now: QuestionView) -> None:
    ids = {"question_id": now.question_id, "product_id": now.product_id, "customer_id": now.customer_id}
    if now.status == "published":
        await publish(session, QuestionPublished(**ids))
    elif was == "published":
        await publish(session, QuestionWithdrawn(**ids))


async def _tell_answer(
    session: AsyncSession, question: QuestionView, was: AnswerView | None, answer_id: UUID
) -> AnswerView:
    now = await questions.locked_answer(session, answer_id)
    if now is None:
        raise AnswerNotFound
    ids = {
        "answer_id": answer_id,
        "question_id": now.question_id,
        "product_id": now.product_id,
        "customer_id": now.customer_id,
    }
    if now.status == "published":
        await publish(session, AnswerPublished(**ids, voice=now.voice))
        await _mail(session, question, now)
    elif was is not None and was.status == "published":
        await publish(session, AnswerWithdrawn(**ids))
    return now


async def _mail(session: AsyncSession, question: QuestionView, given: AnswerView) -> None:
    """Tell whoever asked, once per answer, unless they declined such mails or answered themselves."""
    if given.customer_id == question.customer_id or not await questions.take_untold(session, given.answer_id):
        return
    address = (await identity.emails_wanting(session, [question.customer_id], "answers")).get(question.customer_id)
    if address is None:
        return
    product = await get_product(session, question.product_id)
    subject = f"An answer about {product.title}"
    await send_mail(session, address, " ".join(subject.split())[:150], _text(product, question, given))


def _text(product: ProductView, question: QuestionView, given: AnswerView) -> str:
    who = {"shop": "The shop", "seller": "The seller", "buyer": "Somebody who bought it"}[given.voice]
    base = get_settings().api_url
    return (
        f"You asked: {question.body}\n\n{who} answered:\n\n{given.body}\n\n"
        f"{base}/p/{product.product_id}-{product.slug}#questions\n\nFewer mails: {base}/account/privacy\n"
    )


async def list_questions(reader: Reader, product_id: int, cursor: str | None, limit: int) -> Page[QuestionView]:
    """Published questions of a product with their answers, the latest first. Raises Invalid for another's cursor."""
    rows = await questions.newest(reader, product_id, _last(cursor), limit + 1)
    shown = await _with_answers(reader, rows[:limit])
    return Page(shown, encode_cursor(str(shown[-1].question_id)) if len(rows) > limit else None)


def _last(cursor: str | None) -> UUID | None:
    if not cursor:
        return None
    (last,) = decode_cursor(cursor, str)
    try:
        return UUID(last)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


async def _with_answers(reader: Reader, asked: Sequence[QuestionView]) -> list[QuestionView]:
    given: dict[UUID, list[AnswerView]] = defaultdict(list)
    if asked:
        for each in await questions.published_answers(reader, [question.question_id for question in asked]):
            given[each.question_id].append(each)
    return [replace(question, answers=tuple(given[question.question_id])) for question in asked]


async def own_waiting(reader: Reader, product_id: int, customer_id: UUID) -> list[QuestionView]:
    """What a person asked about a product that is not shown: it waits, or was rejected."""
    return await questions.own_waiting(reader, product_id, customer_id)


async def own_answers(reader: Reader, asked: Sequence[QuestionView], customer_id: UUID) -> dict[UUID, AnswerView]:
    """Question → what the person answered to it, whatever its state."""
    return await questions.own_answers(reader, [each.question_id for each in asked], customer_id) if asked else {}


async def desk(reader: Reader) -> QuestionDesk:
    """What waits for the people of the shop, the longest first."""
    waiting = await questions.held_answers(reader, QUEUE_SHOWN)
    of = await questions.by_id(reader, [each.question_id for each in waiting])
    return QuestionDesk(
        await questions.held(reader, QUEUE_SHOWN),
        [(of[each.question_id], each) for each in waiting],
        await questions.unanswered(reader, QUEUE_SHOWN),
    )
