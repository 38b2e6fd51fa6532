"""What a checkout costs: goods, discounts, delivery, tax.

Tax is counted once per rate on the sum of what it applies to (goods after discounts, and delivery at the standard
rate), rounded half to even, then split over the lines by largest remainder: the lines sum to the tax to the cent. A
rate that is included is a part of the prices; any other comes on top.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from api.core.money import allocate, share
from api.domains.ordering.contracts import Address, TaxLine
from api.domains.ordering.domain.lines import STANDARD, PricedLine
from api.domains.ordering.domain.promotion import Saving

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person chose. Without a delivery method it is the standard one, free; without an address no tax."""

    delivery_method: str | None = None
    address: Address | None = None
    promotion_code: str | None = None


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate of one region for one tax class, in millionths."""

    region: str
    tax_class: str
    title: str
    rate_ppm: int
    is_included: bool

    def of(self, base_minor: int) -> int:
        """The tax inside `base_minor`, or on top of it."""
        whole = MILLION + self.rate_ppm if self.is_included else MILLION
        return share(base_minor, self.rate_ppm, whole)


@dataclass(frozen=True, slots=True)
class DeliveryPrice:
    """A method's price from a subtotal on."""

    method: str
    from_subtotal_minor: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Priced:
    """A checkout, or the part of it that is one order, with all its money."""

    lines: tuple[PricedLine, ...]
    delivery_minor: int
    delivery_tax_minor: int
    tax_lines: tuple[TaxLine, ...]
    is_tax_included: bool

    @property
    def goods_minor(self) -> int:
        """Before discounts."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """All that the promotion took off the lines."""
        return sum(line.discount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """Of goods and delivery."""
        return sum(line.tax_minor for line in self.lines) + self.delivery_tax_minor

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        on_top = 0 if self.is_tax_included else self.tax_minor
        return sum(line.total_minor for line in self.lines) + self.delivery_minor + on_top


def region_of(address: Address | None) -> tuple[str, ...]:
    """The tax regions of an address, the closest first."""
    if address is None:
        return ()
    country = address.country.upper()
    return (f"{country}-{address.region.upper()}", country) if address.region else (country,)


def delivery_price(prices: Sequence[DeliveryPrice], subtotal_minor: int) -> int:
    """The price of one method: that of the highest step which the goods reach. Raises ValueError without any."""
    reached = [price for price in prices if price.from_subtotal_minor <= subtotal_minor]
    return max(reached, key=lambda price: price.from_subtotal_minor).price_minor


def price_checkout(
    lines: Sequence[PricedLine], saving: Saving | None, delivery_minor: int, rates: Mapping[str, TaxRate]
) -> Priced:
    """All of it together. `rates` are those of the region by tax class; a class without a rate is not taxed."""
    if saving is not None:
        lines = [replace(line, discount_minor=cut) for line, cut in zip(lines, saving.discounts, strict=True)]
        delivery_minor = 0 if saving.is_delivery_free else delivery_minor
    taxes, delivery_tax = [0] * len(lines), 0
    for tax_class, rate in rates.items():
        places = [index for index, line in enumerate(lines) if line.tax_class == tax_class]
        bases = [lines[index].total_minor for index in places] + [delivery_minor if tax_class == STANDARD else 0]
        *parts, of_delivery = allocate(rate.of(sum(bases)), bases) if any(bases) else [0] * len(bases)
        for index, part in zip(places, parts, strict=True):
            taxes[index] = part
        delivery_tax += of_delivery
    taxed = [replace(line, tax_minor=tax) for line, tax in zip(lines, taxes, strict=True)]
    return _part(taxed, delivery_minor, delivery_tax, rates)


def split(priced: Priced, sellers: Sequence[object], rates: Mapping[str, TaxRate]) -> list[Priced]:
    """One part per seller in the order of first appearance; delivery belongs to the first part. Sums stay exact."""
    parts: dict[object, list[PricedLine]] = {}
    for line, seller in zip(priced.lines, sellers, strict=True):
        of_seller = parts.setdefault(seller, [])
        of_seller.append(replace(line, line_number=len(of_seller) + 1))
    return [
        _part(lines, *((priced.delivery_minor, priced.delivery_tax_minor) if index == 0 else (0, 0)), rates)
        for index, lines in enumerate(parts.values())
    ]


def _part(
    lines: Sequence[PricedLine], delivery_minor: int, delivery_tax_minor: int, rates: Mapping[str, TaxRate]
) -> Priced:
    told = []
    for tax_class, rate in rates.items():
        of_class = [line for line in lines if line.tax_class == tax_class]
        extra, extra_tax = (delivery_minor, delivery_tax_minor) if tax_class == STANDARD else (0, 0)
        base = sum(line.total_minor for line in of_class) + extra
        if base:
            tax = sum(line.tax_minor for line in of_class) + extra_tax
            told.append(TaxLine(rate.title, rate.rate_ppm, base, tax))
    is_included = any(rate.is_included for rate in rates.values())
    return Priced(tuple(lines), delivery_minor, delivery_tax_minor, tuple(told), is_included)
