"""Wallets and gift cards: accounts of our own ledger. Who spends locks their row first, so no unit is spent twice."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.db import reading, transaction
from api.core.keys import derived_secret
from api.domains.payments.contracts import ChargeResult, ChargeState, GiftCardView, IntentStatus, Method
from api.domains.payments.domain import PaymentIntent, ledger
from api.domains.payments.errors import GiftCardUnknown
from api.domains.payments.repository import intents, stored_value
from api.domains.payments.repository import ledger as books
from api.domains.payments.service import recording

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 signs, nothing that looks like something else
CODE_LENGTH = 16
CARDS_SHOWN = 200
Reader = AsyncConnection | AsyncSession


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.upper().replace("-", "").replace(" ", "").encode()).digest()


@dataclass(frozen=True, slots=True)
class ListedGiftCard:
    """A gift card in the desk's list."""

    gift_card_id: UUID
    last_four: str
    currency: str
    initial_minor: int
    expires_at: datetime | None
    issued_at: datetime
    left_minor: int


def code_of(card_id: UUID) -> str:
    """The code of a card that is issued under this id: 80 bits that nobody guesses, and that are kept nowhere."""
    secret = derived_secret("agora gift card codes", card_id)
    code = "".join(ALPHABET[byte % len(ALPHABET)] for byte in secret[:CODE_LENGTH])
    return "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))


async def issue_gift_card(
    session: AsyncSession, card_id: UUID, amount_minor: int, currency: str, expires_at: datetime | None = None
) -> bool:
    """A new gift card, once per `card_id`; False for a repetition. Its code is `code_of(card_id)`."""
    code = code_of(card_id)
    if not await stored_value.insert_card(
        session, card_id, _digest(code), code[-4:], currency, amount_minor, expires_at
    ):
        return False
    account = ledger.gift_card_account(card_id)
    return await books.post(session, ledger.credited(f"gift_card:{card_id}", account, amount_minor, currency))


async def gift_cards() -> list[ListedGiftCard]:
    """The newest gift cards, with what is left on each."""
    async with reading() as connection:
        return [ListedGiftCard(*tuple(card)) for card in await stored_value.cards(connection, CARDS_SHOWN)]


async def credit_wallet(
    session: AsyncSession, customer_id: UUID, credit_id: UUID, amount_minor: int, currency: str
) -> bool:
    """Put money into a customer's wallet, once per `credit_id`; False for a repetition."""
    await stored_value.open_wallet(session, customer_id, currency)
    account = ledger.wallet_account(customer_id)
    return await books.post(session, ledger.credited(f"credit:{credit_id}", account, amount_minor, currency))


async def wallet(customer_id: UUID) -> dict[str, int]:
    """Currency → what a customer has."""
    account = ledger.wallet_account(customer_id)
    async with reading() as connection:
        currencies = await stored_value.wallets(connection, customer_id)
        return {currency: -await books.balance_of(connection, account, currency) for currency in currencies}


async def gift_card(code: str) -> GiftCardView:
    """What is left on the card of a code. Raises GiftCardUnknown."""
    async with reading() as connection:
        card = await stored_value.find_card(connection, _digest(code))
        if card is None:
            raise GiftCardUnknown
        left = -await books.balance_of(connection, ledger.gift_card_account(card.gift_card_id), card.currency)
    return GiftCardView(card.gift_card_id, card.last_four, card.currency, left, card.expires_at)


async def spend(payment_id: UUID, code: str) -> ChargeResult:
    """Pay from a wallet, or from the gift card of `code`: decided, posted and recorded at once."""
    async with transaction() as session:
        intent = await recording.lock(session, payment_id)
        if not intent.begin_attempt():
            return _standing(intent)
        result = await _paid_from(session, intent, code)
        await recording.apply(session, intent, result, is_final=False)
        await intents.save(session, intent)
    return result


def _standing(intent: PaymentIntent) -> ChargeResult:
    if intent.captured_minor:
        return ChargeResult(ChargeState.CAPTURED, captured_minor=intent.captured_minor)
    is_over = intent.status is IntentStatus.CANCELLED
    return ChargeResult(ChargeState.VOIDED if is_over else ChargeState.PENDING)


async def _paid_from(session: AsyncSession, intent: PaymentIntent, code: str) -> ChargeResult:
    if intent.method is Method.WALLET:
        if intent.customer_id is None:
            return _refused(intent, "no_wallet")
        await stored_value.open_wallet(session, intent.customer_id, intent.currency)
        account = ledger.wallet_account(intent.customer_id)
    else:
        card = await stored_value.lock_card(session, _digest(code))
        if card is None or card.currency != intent.currency:
            return _refused(intent, "gift_card_unknown")
        if card.expires_at is not None and card.expires_at <= datetime.now(UTC):
            return _refused(intent, "gift_card_expired")
        account = ledger.gift_card_account(card.gift_card_id)
    if -await books.balance_of(session, account, intent.currency) < intent.amount_minor:
        return _refused(intent, "insufficient_funds")
    intent.funding = account
    return ChargeResult(ChargeState.CAPTURED)


def _refused(intent: PaymentIntent, reason: str) -> ChargeResult:
    return ChargeResult(ChargeState.DECLINED, reason=reason, attempt=intent.attempt)
