"""Money as a value: whole minor units of one currency, never a float, never two currencies in one sum."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

LOCALE = "en_US"
AMOUNT = re.compile(r"(\d{1,12})(?:[.,](\d{1,2}))?", re.ASCII)


class CurrencyMismatch(ValueError):
    """Two currencies in one calculation."""


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` units of `currency` (ISO 4217), below zero for what is owed."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not (self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"{self.currency!r} is no currency")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount_minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.amount_minor

    def allocate(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """Split by weight so that the parts sum to the whole. See `allocate`."""
        return tuple(Money(part, self.currency) for part in allocate(self.amount_minor, weights))

    def show(self, locale: str = LOCALE) -> str:
        """As people write it: $1,299.00."""
        amount = Decimal(self.amount_minor).scaleb(-get_currency_precision(self.currency))
        return format_currency(amount, self.currency, locale=locale)


def minor_of(typed: str) -> int | None:
    """What a person typed as an amount → minor units: `4.9` → 490; None where it is no amount above zero."""
    found = AMOUNT.fullmatch(typed.strip())
    return (int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) or None) if found else None


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` by `weights`, exact to the unit, by largest remainder; of equal ones the first gets the unit.

    Weights of nothing but zeros count as equal. Raises ValueError for no weights or one below zero.
    """
    if not weights or min(weights) < 0:
        raise ValueError("an allocation needs weights, none below zero")
    if not any(weights):
        weights = [1] * len(weights)
    sign, rest, whole = (-1 if amount < 0 else 1), abs(amount), sum(weights)
    parts = [rest * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(rest * weights[i] % whole))
    for index in by_remainder[: rest - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def share(amount: int, numerator: int, denominator: int) -> int:
    """`amount` × numerator / denominator, rounded half to even. Raises ZeroDivisionError."""
    quotient, remainder = divmod(amount * numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))
