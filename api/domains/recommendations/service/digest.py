"""Once a week a mail of what fits a person, to those who agreed to offers by e-mail and let themselves be known."""

from collections.abc import Sequence
from uuid import UUID

from api.core.auth import Visitor
from api.core.db import reading, transaction
from api.core.mail import send_mail
from api.core.outbox import publish
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.identity import facade as identity
from api.domains.recommendations.contracts import RecommendationView
from api.domains.recommendations.repository import digests
from api.domains.recommendations.service.recommend import recommend, served

PURPOSE = "offers-by-mail"
DAYS = 7
PRODUCTS = 6
PEOPLE_AT_ONCE = 200
_START = UUID(int=0)


async def send_digests() -> int:
    """Mail everybody who is due; returns how many.

    Taken, mailed and logged in one transaction for each: nobody twice within a week, whatever crashes or runs beside.
    """
    sent, after = 0, _START
    while True:
        async with reading() as connection:
            people = await identity.consenting(connection, PURPOSE, after, PEOPLE_AT_ONCE)
            due = await digests.due(connection, people, DAYS)
        for person in due:
            sent += await _send(person)
        if len(people) < PEOPLE_AT_ONCE:
            return sent
        after = people[-1]


async def _send(customer_id: UUID) -> bool:
    async with transaction() as session:
        if not await digests.take_due(session, [customer_id], DAYS):
            return False
        address = await identity.verified_email(session, customer_id)
        if address is None or not await identity.is_personalised(session, customer_id):
            return False
        # No browser is at hand: the account stands for itself.
        visitor = Visitor(customer_id, customer_id)
        async with reading() as connection:
            answer = await recommend(connection, "mail", visitor, limit=PRODUCTS, is_shown=False)
        ids = [item.product_id for item in answer.items]
        products = await catalog.get_products(session, ids, with_inactive=False)
        if not products:
            return False
        shown = [item for item in answer.items if item.product_id in products]
        await send_mail(
            session, address, "Chosen for you this week", _text(answer, [products[item.product_id] for item in shown])
        )
        await publish(session, served(answer, visitor, shown))
        return True


def _text(answer: RecommendationView, products: Sequence[ProductView]) -> str:
    settings = get_settings()
    reasons = {item.product_id: item.reason for item in answer.items}
    lines = [
        f"{product.title}\n{reasons[product.product_id]}\n"
        f"{settings.api_url}/p/{product.product_id}-{product.slug}?rec={answer.recommendation_id}\n"
        for product in products
    ]
    return "\n".join(
        [
            *lines,
            f"Why these, and how to change it: {settings.api_url}/taste",
            f"No more of these mails: {settings.api_url}/account/privacy",
            "",
        ]
    )
