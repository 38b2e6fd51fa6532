"""Prices of checkouts: every line, part and tax sums to the cent."""

from hypothesis import given
from hypothesis import strategies as st

from api.domains.ordering.domain import PricedLine, TaxRate, price_checkout, split
from api.domains.ordering.domain.promotion import Saving

LINES = st.lists(
    st.tuples(
        st.integers(1, 1000), st.integers(1, 10**6), st.sampled_from(["standard", "reduced", "none"]), st.integers(0, 2)
    ),
    min_size=1,
    max_size=12,
)


@given(LINES, st.integers(0, 5000), st.booleans(), st.integers(0, 100))
def test_parts_and_lines_sum_to_what_is_paid(
    rows: list[tuple[int, int, str, int]], delivery: int, is_included: bool, percent: int
) -> None:
    lines = [
        PricedLine(number, number, quantity, price, variant_id=number, tax_class=tax_class)
        for number, (quantity, price, tax_class, _) in enumerate(rows, start=1)
    ]
    rates = {
        tax_class: TaxRate("XX", tax_class, tax_class, ppm, is_included)
        for tax_class, ppm in (("standard", 190_000), ("reduced", 70_000))
    }
    saving = Saving(tuple(line.total_minor * percent // 100 for line in lines))
    priced = price_checkout(lines, saving, delivery, rates)
    goods = sum(line.total_minor for line in priced.lines)
    assert priced.total_minor == goods + delivery + (0 if is_included else priced.tax_minor)
    assert sum(tax.tax_minor for tax in priced.tax_lines) == priced.tax_minor
    for tax in priced.tax_lines:
        rate = rates[tax.title]
        assert tax.tax_minor == rate.of(tax.base_minor)
    parts = split(priced, [row[3] for row in rows], rates)
    assert sum(part.total_minor for part in parts) == priced.total_minor
    assert sum(part.tax_minor for part in parts) == priced.tax_minor
    assert sorted(line.variant_id for part in parts for line in part.lines) == [line.variant_id for line in lines]
