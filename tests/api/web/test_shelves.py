"""Shelves of the first page: gathered by reason, nothing shown twice, nothing alone."""

from dataclasses import replace
from uuid import uuid4

from api.domains.catalog.contracts import ProductView
from api.web.home import DRAWN, MIXED, PERSONAL_SHELVES, SHELF, by_reason, faces_first, varied


def product(number: int, kind: str = "Milk") -> ProductView:
    return ProductView(
        product_id=number,
        sku=f"S{number}",
        title=f"{kind} · {number} oz",
        slug=f"p-{number}",
        department="Grocery",
        category="Dairy",
        product_type=kind,
        brand="National",
        size=None,
        price_minor=100,
        currency="USD",
        units_sold=0,
        is_active=True,
        department_slug="grocery",
        category_slug="dairy",
    )


def test_products_stand_under_their_reason_in_the_order_of_the_answer() -> None:
    answer = uuid4()
    items = [("Buy again", product(n)) for n in range(1, 4)] + [("Popular", product(n)) for n in range(4, 9)]
    shelves = by_reason(items, answer)
    assert [shelf.title for shelf in shelves] == ["Buy again", "Popular"]
    assert [each.product_id for each in shelves[0].products] == [1, 2, 3]
    assert {shelf.recommendation_id for shelf in shelves} == {answer}


def test_reasons_of_one_or_two_products_share_a_shelf() -> None:
    items = [("Because of a", product(1)), ("Because of b", product(2)), ("Because of c", product(3))]
    (shelf,) = by_reason(items, uuid4())
    assert shelf.title == MIXED
    assert [each.product_id for each in shelf.products] == [1, 2, 3]


def test_a_shelf_is_never_longer_than_a_row_and_what_is_left_over_is_not_lost() -> None:
    shelves = by_reason([("Popular", product(n)) for n in range(1, SHELF + 5)], uuid4())
    assert [len(shelf.products) for shelf in shelves] == [SHELF, 4]
    shown = [each.product_id for shelf in shelves for each in shelf.products]
    assert len(shown) == len(set(shown))


def test_one_recommended_product_still_has_a_shelf_and_none_has_none() -> None:
    assert len(by_reason([("Popular", product(1))], uuid4())) == 1
    assert by_reason([], uuid4()) == []


def test_what_was_drawn_is_shown_however_many_reasons_there_are() -> None:
    items = [(f"Because of {n // 3}", product(n)) for n in range(30)]
    shelves = by_reason(items, uuid4(), drawn=[product(98), product(99)])
    assert len(shelves) == PERSONAL_SHELVES + 1
    assert (shelves[-1].title, [each.product_id for each in shelves[-1].products]) == (DRAWN, [98, 99])


def test_a_row_shows_each_kind_once_before_any_comes_twice() -> None:
    row = [product(1), product(2), product(3, "Bread"), product(4), product(5, "Cheese")]
    assert [each.product_id for each in varied(row, 4)] == [1, 3, 5, 2]


def test_of_what_sold_alike_pictures_come_first() -> None:
    seen, sold = replace(product(2), image="/media/x"), replace(product(3), units_sold=5)
    assert [each.product_id for each in faces_first([product(1), seen, sold, product(4)])] == [3, 2, 1, 4]
