"""dbt on real events: figures, and increments that come out as a full rebuild does."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pipelines.lib.dbt import DbtFailed
from pipelines.lib.dbt_env import PROJECT_DIR
from pipelines.lib.marts import LAST_MART, build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

HOUR = timedelta(hours=1)
# Everything but the time of the build.
MARTS = sorted(path.stem for path in (PROJECT_DIR / "models" / "marts").glob("*.sql") if path.stem != LAST_MART)
COMMUNITY = UUID(int=6)
DAILY_SALES = """
select day::text, orders, units, revenue_minor, customers, new_customers from marts.mart_daily_sales order by day
"""

pytestmark = pytest.mark.timeout(900)


def query(lake: Lake, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        return connection.execute(statement).fetchall()


def contents(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {name: query(lake, f"select * from marts.{name} as t order by t::text") for name in MARTS}  # noqa: S608


DAILY = ("fct_order_events", "mart_daily_sales", "mart_orders", "mart_revenue")


def by_day(lake: Lake) -> dict[tuple[str, str], list[str]]:
    """(mart, day) → rows, of the marts that tell of orders by day."""
    found: dict[tuple[str, str], list[str]] = {}
    for mart in DAILY:
        for day, row in query(lake, f"select day::text, t::text from marts.{mart} as t order by 2"):  # noqa: S608
            found.setdefault((mart, day), []).append(row)
    return found


def browse(lake: Lake, kind: str, visitor: UUID, at: timedelta, **data: Any) -> dict[str, Any]:
    return lake.event(f"analytics.{kind}", DAY + at, anonymous_id=str(visitor), **data)


def ordered(lake: Lake, kind: str, order_id: UUID, customer: UUID, at: timedelta, **data: Any) -> dict[str, Any]:
    """What became of an order."""
    return lake.event(f"ordering.order_{kind}", DAY + at, order_id=str(order_id), customer_id=str(customer), **data)


def paid(lake: Lake, kind: str, order_id: UUID, at: timedelta, amount: int, **data: Any) -> dict[str, Any]:
    """A step of the payment of an order."""
    shared = {"payment_id": str(order_id), "order_id": str(order_id), "currency": "USD", "gateway": "sandbox"}
    return lake.event(f"payments.{kind}", DAY + at, amount_minor=amount, **shared, **data)


def priced(lake: Lake, at: timedelta, price: int) -> dict[str, Any]:
    """Product 7 costs something else."""
    event = {"product_id": 7, "variant_id": 7, "old_price_minor": 1, "new_price_minor": price, "currency": "USD"}
    return lake.event("catalog.price_changed", DAY + at, **event)


def moved(lake: Lake, at: timedelta, movement: str, quantity: int) -> dict[str, Any]:
    return lake.event("inventory.stock_moved", DAY + at, product_id=7, movement=movement, quantity=quantity)


def reviewed(lake: Lake, at: timedelta, review_id: UUID, customer: UUID, rating: int) -> dict[str, Any]:
    who = {"review_id": str(review_id), "customer_id": str(customer)}
    return lake.event("catalog.review_published", DAY + at, product_id=7, rating=rating, **who)


def talked(lake: Lake, at: timedelta, what: str, post_id: UUID, who: UUID, **data: Any) -> dict[str, Any]:
    """What somebody did in a community."""
    ids = {"post_id": str(post_id), "community_id": str(COMMUNITY), "customer_id": str(who)}
    return lake.event(f"communities.{what}", DAY + at, **ids, **data)


def signed_in(lake: Lake, browser: UUID, customer: UUID, at: timedelta) -> dict[str, Any]:
    return lake.event("identity.signed_in", DAY + at, customer_id=str(customer), anonymous_id=str(browser))


LIST_PRICES = (
    "select order_day::text, list_price_minor from marts.fct_order_lines where product_id = 7 order by placed_at"
)
WHOSE = """
select customer_id, is_stitched from marts.fct_sessions where anonymous_id = '{}' order by started_at
"""


def written(lake: Lake, at: timedelta, article: UUID, author: UUID) -> list[dict[str, Any]]:
    """An article that was begun, published and read twice by one browser, and a text that a rule refused."""
    ids = {"article_id": str(article), "customer_id": str(author)}
    reader = uuid4()
    return [
        lake.event("content.article_started", DAY + at, **ids),
        lake.event("content.article_published", DAY + at + HOUR, **ids, revision_number=1, is_first=True),
        *(browse(lake, "article_viewed", reader, at + 2 * HOUR, article_id=str(article)) for _ in range(2)),
        lake.event("moderation.text_judged", DAY + at, kind="article", outcome="reject", spoke=[], toxicity=0.9),
    ]


def looked(lake: Lake, at: timedelta, feed: UUID, who: UUID, opened: UUID, left: UUID) -> list[dict[str, Any]]:
    """A feed of two posts, of which one was opened (from elsewhere as well) and the other taken out."""
    browser = uuid4()
    items = [
        {"position": n, "post_id": str(post), "source": source, "score": 1.0, "propensity": 1.0}
        for n, (post, source) in enumerate(((opened, "joined"), (left, "popular")), 1)
    ]
    told = {"recommendation_id": str(feed), "customer_id": str(who)}
    return [
        lake.event("recommendations.feed_served", DAY + at, **told, is_personal=True, items=items),
        browse(lake, "post_viewed", browser, at, post_id=str(opened), recommendation_id=str(feed)),
        browse(lake, "post_viewed", browser, at, post_id=str(left)),
        lake.event("recommendations.post_removed", DAY + at, **told, post_id=str(left)),
    ]


def moderated(lake: Lake, at: timedelta, *effects: str) -> list[dict[str, Any]]:
    """A text that a rule held, and what became of it; from the second effect on by appeal."""
    subject, case = str(uuid4()), str(uuid4())
    spoke = [{"rule": "link", "rule_version": 1, "is_shadow": False}]
    common = {"kind": "post", "subject_id": subject, "customer_id": str(uuid4())}
    records = [
        lake.event("moderation.text_judged", DAY + at, outcome="hold", spoke=spoke, toxicity=0.1, **common),
        lake.event(
            "moderation.case_opened", DAY + at, case_id=case, origin="hold", rule="link", rule_version=1,
            policy="No advertising", severity=1, **common,
        ),
    ]  # fmt: skip
    for number, effect in enumerate(effects):
        records.append(
            lake.event(
                "moderation.case_decided", DAY + at + number * HOUR, case_id=case, decision_id=str(uuid4()),
                origin="appeal" if number else "hold", act="overturn" if number else "remove", effect=effect,
                is_done=False, rule="link", rule_version=1, policy="No advertising", policy_version=1, strike=0,
                restrict_days=0, reports=0, waited_seconds=60, **common,
            )
        )  # fmt: skip
    return records


def exposed(lake: Lake, at: timedelta, **people: UUID) -> list[dict[str, Any]]:
    """Each person sees their side of an experiment for the first time."""
    name = "recommendations.experiment_exposed"
    return [
        lake.event(
            name, DAY + at, experiment_id="shelves", variant=side, unit=str(who), customer_id=str(who),
            anonymous_id=str(uuid4()), recommendation_id=str(uuid4()),
        )
        for side, who in people.items()
    ]  # fmt: skip


def reported(lake: Lake, at: timedelta, who: UUID) -> dict[str, Any]:
    """A person reports a review."""
    thing = {"case_id": str(uuid4()), "kind": "review", "subject_id": str(uuid4()), "product_id": 7}
    return lake.event("moderation.subject_reported", DAY + at, **thing, policy="Be civil", reporter_id=str(who))


def test_increments_equal_a_full_rebuild_and_late_events_move_what_they_should(lake: Lake) -> None:
    ann, bob, visitor = uuid4(), uuid4(), uuid4()
    first, second, review, answer = uuid4(), uuid4(), uuid4(), uuid4()
    own, shared, article, feed = uuid4(), uuid4(), uuid4(), uuid4()
    lake.land(
        lake.event("identity.customer_registered", DAY, customer_id=str(ann), source="storefront"),
        lake.event(
            "catalog.product_published",
            DAY,
            product_id=7,
            sku="S7",
            title="Tea",
            department="GROCERY",
            category="HOT DRINKS",
            product_type="TEA",
            brand="National",
            price_minor=199,
            currency="USD",
        ),
        lake.order(DAY + 24 * HOUR, ann, (7, 2, 199), order_id=first),
        lake.order(DAY + 48 * HOUR, bob, (7, 1, 199), (8, 3, 100), order_id=second, recommendation_id=str(answer)),
        priced(lake, 36 * HOUR, 249),
        moved(lake, HOUR, "received", 10),
        reviewed(lake, 60 * HOUR, review, bob, 2),
        paid(lake, "payment_captured", second, 48 * HOUR, 499),
        lake.event(
            "recommendations.recommendation_served",
            DAY + 47 * HOUR,
            recommendation_id=str(answer),
            anonymous_id=str(own),
            surface="home",
            model="ease",
            model_version=1,
            items=[{"position": 1, "product_id": 7, "reason": "like", "score": 1.0, "propensity": 0.5}],
        ),
        browse(lake, "product_viewed", own, 47.1 * HOUR, product_id=7, recommendation_id=str(answer)),
        browse(lake, "product_viewed", shared, 47.1 * HOUR, product_id=7),
        signed_in(lake, shared, ann, 47.2 * HOUR),
        browse(lake, "page_viewed", visitor, 23.8 * HOUR, path="/"),
        browse(lake, "product_viewed", visitor, 24.6 * HOUR, product_id=7),
    )
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings, unit_tests=True)
    assert query(lake, DAILY_SALES) == [("2026-03-02", 1, 2, 398, 1, 1), ("2026-03-03", 1, 4, 499, 1, 1)]
    assert query(lake, "select customer_id, is_inferred from marts.dim_customers order by is_inferred") == [
        (str(ann), False),
        (str(bob), True),
    ]
    assert query(lake, "select product_id, title, is_inferred from marts.dim_products order by 1") == [
        (7, "Tea", False),
        (8, "Product 8", True),
    ]
    assert query(lake, "select day::text, sessions, viewed from marts.mart_funnel order by day") == [
        ("2026-03-01", 1, 0),
        ("2026-03-02", 3, 3),
    ]
    assert query(lake, LIST_PRICES) == [("2026-03-02", 199), ("2026-03-03", 249)]
    assert query(lake, WHOSE.format(own)) == [(None, False)]
    assert query(lake, WHOSE.format(shared)) == [(str(ann), False)]
    assert query(lake, "select count(*) from lake.touched_days") == [(0,)]

    lake.land(
        lake.event(
            "ordering.order_cancelled", DAY + 96 * HOUR, order_id=str(first), customer_id=str(ann), reason="changed"
        ),
        lake.order(DAY + HOUR, bob, (8, 1, 100)),
        # Comes late, and was in force when the first order was placed.
        priced(lake, 20 * HOUR, 189),
        moved(lake, 50 * HOUR, "shipped", 1),
        reviewed(lake, 70 * HOUR, review, bob, 5),
        # A post with a vote that was withdrawn and one that stands, and a post that was removed.
        talked(lake, 70 * HOUR, "post_published", review, bob, kind="text"),
        talked(lake, 70 * HOUR, "post_voted", review, ann, value=1),
        talked(lake, 71 * HOUR, "post_voted", review, first, value=1),
        talked(lake, 73 * HOUR, "post_voted", review, first, value=0),
        talked(lake, 70 * HOUR, "post_published", second, ann, kind="text"),
        talked(lake, 74 * HOUR, "post_withdrawn", second, ann, status="removed"),
        talked(lake, 71 * HOUR, "comment_published", review, ann, comment_id=str(first), parent_id=str(review)),
        ordered(
            lake,
            "shipped",
            second,
            bob,
            50 * HOUR,
            shipment_id=str(uuid4()),
            carrier="Post",
            lines=[{"product_id": 7, "variant_id": 7, "quantity": 1}],
            is_complete=False,
        ),
        paid(lake, "payment_refunded", second, 72 * HOUR, 100, refund_id=str(uuid4()), refunded_minor=100, reason="r"),
        paid(lake, "payment_declined", uuid4(), 72 * HOUR, 100, reason="no_funds"),
        # Whose both browsers were, and that one of them is shared.
        signed_in(lake, own, bob, 80 * HOUR),
        signed_in(lake, shared, bob, 80 * HOUR),
        # A rule held two texts; one was removed, the other was removed and overturned on appeal.
        *moderated(lake, 50 * HOUR, "fall"),
        *moderated(lake, 50 * HOUR, "fall", "stand"),
        # Two browsers in an experiment, of which one's person reported something since, and twice.
        *exposed(lake, 49 * HOUR, treated=ann, control=bob),
        *(reported(lake, 52 * HOUR, who) for who in (ann, ann)),
        reported(lake, 48 * HOUR, bob),
        # An article from its first word to its readers, one that was refused, and a feed of which one post was opened.
        *written(lake, 50 * HOUR, article, ann),
        *looked(lake, 51 * HOUR, feed, bob, opened=review, left=second),
        # Joins both sessions across midnight.
        browse(lake, "search_performed", visitor, 24.2 * HOUR, query="tea", results=1, customer_id=str(bob)),
        lake.order(DAY + 24.3 * HOUR, bob, (7, 1, 199)),
    )
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    assert query(lake, DAILY_SALES) == [
        ("2026-03-01", 1, 1, 100, 1, 1),
        ("2026-03-02", 1, 1, 199, 2, 1),
        ("2026-03-03", 1, 4, 499, 1, 0),
    ]
    assert query(lake, "select day::text, sessions, viewed, ordered from marts.mart_funnel order by day") == [
        ("2026-03-01", 1, 1, 1),
        ("2026-03-02", 2, 2, 0),
        ("2026-03-04", 2, 0, 0),
    ]
    assert query(lake, LIST_PRICES) == [("2026-03-02", 189), ("2026-03-02", 189), ("2026-03-03", 249)]
    assert query(lake, WHOSE.format(own)) == [(str(bob), True), (str(bob), False)]
    assert query(lake, WHOSE.format(shared)) == [(str(ann), False), (str(bob), False)]
    revenue = "select day::text, charged_minor, refunded_minor, net_minor from marts.mart_revenue order by day"
    assert query(lake, revenue)[2:] == [("2026-03-03", 499, 0, 499), ("2026-03-04", 0, 100, -100)]
    status = "select status, refunded_minor from marts.fct_orders where order_id = '{}'"
    assert query(lake, status.format(second)) == [("partially_shipped", 100)]
    led_to = "select answers, impressions, clicks, carts, orders, revenue_minor from marts.mart_recommendations"
    assert query(lake, led_to) == [(1, 1, 1, 0, 1, 199)]
    assert query(lake, "select reviews, average_rating from marts.mart_reviews") == [(1, 5.0)]
    talk = "select day::text, posts, comments, votes, active_people, writers from marts.mart_communities"
    assert query(lake, talk) == [("2026-03-03", 1, 1, 1, 2, 2)]
    cases = "select day::text, origin, opened, decided, removed, overturned, waited_seconds from marts.mart_moderation"
    assert query(lake, f"{cases} order by origin") == [
        ("2026-03-03", "appeal", 0, 1, 0, 1, 60), ("2026-03-03", "hold", 2, 2, 2, 0, 120),
    ]  # fmt: skip
    rules = "select day::text, rule, texts, in_shadow, people, removed, stood from marts.mart_moderation_rules"
    assert query(lake, rules) == [("2026-03-03", "link", 2, 0, 2, 1, 1)]
    sides = "select variant, units, units_reported from marts.mart_experiments order by variant"
    assert query(lake, sides) == [("control", 1, 0), ("treated", 1, 1)]
    articles = "select day::text, started, published, held, refused, reads, readers from marts.mart_articles"
    assert query(lake, articles) == [("2026-03-03", 1, 1, 0, 1, 2, 1)]
    assert query(lake, "select versions, is_live, reads from marts.fct_articles") == [(1, True, 2)]
    shown = "select day::text, source, impressions, clicks, removed from marts.mart_feed order by source"
    assert query(lake, shown) == [("2026-03-03", "joined", 1, 1, 0), ("2026-03-03", "popular", 1, 0, 1)]
    incremental = contents(lake)
    build_marts(lake.settings, full_refresh=True)
    assert contents(lake) == incremental


def test_only_touched_days_are_rebuilt_and_a_build_that_fails_forgets_none(lake: Lake) -> None:
    first = [lake.order(DAY + 24 * HOUR * day, uuid4(), (7, 1, 100)) for day in range(3)]
    lake.land(*first)
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    figures = by_day(lake)
    untouched = "select order_id, xmin, ctid from marts.fct_order_lines where order_day <> '2026-03-02' order by 1"
    before = query(lake, untouched)
    # One order comes late; the others come again, at offsets of their own.
    again = [record | {"kafka_offset": record["kafka_offset"] + 100} for record in first]
    lake.land(lake.order(DAY + 25 * HOUR, uuid4(), (7, 1, 100)), *again)
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    assert query(lake, untouched) == before
    late = by_day(lake)
    assert {place for place in figures | late if figures.get(place) != late.get(place)} == {
        (mart, "2026-03-02") for mart in DAILY
    }
    assert query(lake, "select orders, revenue_minor from marts.mart_daily_sales where day = '2026-03-02'") == [
        (2, 200)
    ]
    assert query(lake, "select count(*) from marts.fct_order_lines where order_day = '2026-03-02'") == [(2,)]

    # What was ever sold of a product moves with it to another shelf.
    shelves = "select distinct lower(department) from marts.mart_sales_parts"
    assert query(lake, shelves) == [("unknown",)]
    told = {"sku": "S7", "title": "Tea", "department": "Grocery", "category": "Hot drinks", "product_type": "Tea"}
    price = {"brand": "National", "price_minor": 100, "currency": "USD"}
    lake.land(lake.event("catalog.product_published", DAY + 80 * HOUR, product_id=7, **told, **price))
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    assert query(lake, shelves) == [("grocery",)]
    assert query(lake, "select sum(orders)::int from marts.mart_sales_parts where category is null") == [(4,)]

    order_id = uuid4()
    lake.land(*(lake.order(DAY + 48 * HOUR, uuid4(), (7, 1, 100), order_id=order_id) for _ in range(2)))
    refresh_typed_and_warehouse(lake.settings)
    with pytest.raises(DbtFailed):
        build_marts(lake.settings)
    assert query(lake, "select day::text from lake.touched_days") == [("2026-03-03",)]
