"""The last half hour: counted once however often an event comes, over restarts, cancellations and strange records."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
import valkey
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.contracts import Event, encode, new_event_id
from ingestion.contracts.analytics import CartItemAdded, CheckoutStarted, PageViewed, ProductViewed
from ingestion.contracts.ordering import OrderCancelled, OrderPlaced
from ingestion.online.counters import KEPT_SECONDS, WINDOW_MINUTES, Counted, count, counted, prefix
from ingestion.online.progress import LEAST_SECONDS, LONGEST_SECONDS, begin_at, note
from tests.ingestion.plane import Plane, wait_for
from tests.ingestion.test_online import client, online

__all__ = ["client"]


def envelope(event: Event, ago: timedelta = timedelta()) -> bytes:
    return encode(event, new_event_id(), datetime.now(UTC) - ago)


def placed(total: int, order_id: UUID | None = None, currency: str = "USD", ago: timedelta = timedelta()) -> bytes:
    order = OrderPlaced(
        order_id=order_id or uuid4(),
        customer_id=uuid4(),
        source="storefront",
        currency=currency,
        total_minor=total,
        lines=(),
    )
    return envelope(order, ago)


def cancelled(order_id: UUID) -> bytes:
    return envelope(OrderCancelled(order_id=order_id, customer_id=uuid4(), reason="changed"))


def exact(client: valkey.Valkey, keys: str) -> dict[str, int]:
    """The sums of all minutes."""
    found: dict[str, int] = {}
    for key in client.scan_iter(f"{keys}sums:*"):
        for name, value in client.hgetall(key).items():  # type: ignore[union-attr]
            found[name.decode()] = found.get(name.decode(), 0) + int(value)
    return {name: value for name, value in found.items() if value}


def about(client: valkey.Valkey, keys: str, counter: str) -> int:
    found = list(client.scan_iter(f"{keys}about:{counter}:*"))
    return int(client.pfcount(*found)) if found else 0  # type: ignore[arg-type]


@pytest.fixture
def keys(client: valkey.Valkey) -> Iterator[str]:
    own = prefix(f"test-{uuid4()}.")
    yield own
    for key in client.scan_iter(f"{own}*"):
        client.delete(key)


def read_to(client: valkey.Valkey, keys: str) -> float:
    return float(client.get(f"{keys}read_to") or 0)  # type: ignore[arg-type]


def settled(plane: Plane, client: valkey.Valkey) -> str:
    """Wait until everything that was sent before this moment is counted."""
    keys, now = prefix(plane.settings.kafka_topic_prefix), time.time()
    wait_for(lambda: read_to(client, keys) > now, "the stream is read up to now")
    return keys


def test_events_count_once_however_often_they_are_sent(plane: Plane, client: valkey.Valkey) -> None:
    visitors = [uuid4() for _ in range(3)]
    views = [envelope(ProductViewed(anonymous_id=visitor, product_id=7)) for visitor in visitors for _ in range(2)]
    others = [
        envelope(PageViewed(anonymous_id=visitors[0], path="/")),
        envelope(CartItemAdded(anonymous_id=visitors[0], product_id=7, quantity=3)),
        envelope(CheckoutStarted(anonymous_id=visitors[0], items=1)),
    ]
    order, gone = uuid4(), uuid4()
    orders = [placed(1_000, order), placed(250), placed(400, currency="EUR"), placed(9_999, gone), cancelled(gone)]
    with online(plane.settings):
        for _ in range(2):  # the relay may send again after a crash
            plane.produce([*views, *others])
            plane.produce(orders, "ordering", key=b"orders")
        # As another event, in another minute: an order is placed once.
        plane.produce([placed(1_000, order, ago=timedelta(minutes=2))], "ordering", key=b"orders")
        keys = settled(plane, client)
    expected = {"orders": 3, "revenue:USD": 1_250, "revenue:EUR": 400, "carts": 1, "checkouts": 1}
    assert exact(client, keys) == expected
    assert (about(client, keys, "visitors"), about(client, keys, "views")) == (3, 6)


def test_a_killed_process_counts_what_it_missed_and_nothing_twice(plane: Plane, client: valkey.Valkey) -> None:
    keys = prefix(plane.settings.kafka_topic_prefix)
    process = plane.start("ingestion.online")
    plane.produce([placed(100), placed(100)], "ordering")
    wait_for(lambda: exact(client, keys).get("orders") == 2, "what was sent while it ran")
    process.kill()
    process.wait()
    plane.produce([placed(100)], "ordering")
    process = plane.start("ingestion.online")
    settled(plane, client)
    assert exact(client, keys) == {"orders": 3, "revenue:USD": 300}
    process.terminate()
    assert process.wait(20) == 0


def test_after_valkey_forgot_everything_the_window_is_counted_again(plane: Plane, client: valkey.Valkey) -> None:
    keys = prefix(plane.settings.kafka_topic_prefix)
    with online(plane.settings):
        plane.produce([placed(100)], "ordering")
        settled(plane, client)
    for key in client.scan_iter(f"{keys}*"):
        client.delete(key)
    assert begin_at(client, keys) < time.time() - LONGEST_SECONDS + 5
    with online(plane.settings):
        settled(plane, client)
    assert exact(client, keys) == {"orders": 1, "revenue:USD": 100}


def test_the_time_stands_still_until_what_was_sent_is_read(plane: Plane, client: valkey.Valkey) -> None:
    keys = prefix(plane.settings.kafka_topic_prefix)
    with online(plane.settings):
        settled(plane, client)
    last = read_to(client, keys)
    plane.produce([placed(100)], "ordering")
    assert read_to(client, keys) == last
    with online(plane.settings):
        settled(plane, client)
    assert exact(client, keys)["orders"] == 1


def test_old_events_and_those_of_no_sense_are_left_out(plane: Plane, client: valkey.Valkey) -> None:
    good = orjson.loads(placed(100))
    strange = [
        {"currency": "US dollars"},
        {"total_minor": 2**62},
        {"total_minor": -1},
        {"total_minor": "much"},
        {"order_id": "first"},
        {"order_id": None},
    ]
    with online(plane.settings):
        plane.produce([orjson.dumps(good | {"data": good["data"] | each}) for each in strange], "ordering")
        plane.produce([placed(100, ago=timedelta(minutes=31)), placed(700)], "ordering")
        keys = settled(plane, client)
    assert exact(client, keys) == {"orders": 1, "revenue:USD": 700}


def test_everything_goes_when_its_minute_is_over(client: valkey.Valkey, keys: str) -> None:
    order = Counted("orders", time.time(), str(uuid4()), "USD", 5)
    count(client, keys, [order, Counted("visitors", time.time(), str(uuid4()))])
    note(client, keys, time.time())
    lifetimes = [client.ttl(key) for key in client.scan_iter(f"{keys}*")]
    assert len(lifetimes) == 4
    assert all(0 < lifetime <= KEPT_SECONDS for lifetime in lifetimes)  # type: ignore[operator]


def test_a_start_goes_back_a_minute_and_never_further_than_the_window(client: valkey.Valkey, keys: str) -> None:
    now = time.time()
    for read_last, begins in ((now, LEAST_SECONDS), (now - 600, 600 + LEAST_SECONDS), (now - 7_200, LONGEST_SECONDS)):
        note(client, keys, read_last)
        assert begin_at(client, keys) == pytest.approx(now - begins, abs=5)
    note(client, keys, now + 3_600)  # a clock that ran ahead
    assert begin_at(client, keys) == pytest.approx(now - LEAST_SECONDS, abs=5)


Act = st.tuples(st.sampled_from(["orders", "cancelled", "carts"]), st.integers(0, 4), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(acts=st.lists(Act, max_size=20), repeats=st.lists(st.integers(0, 19), max_size=20))
def test_repeats_and_batches_never_change_the_sums(
    stack_env: dict[str, str], acts: list[tuple[str, int, int]], repeats: list[int]
) -> None:
    """Whatever is sent again, in whatever batches: the sums are those of the first telling of each thing."""

    now = 29_000_000 * 60.0
    told = [
        Counted(counter, now - 60 * (number % WINDOW_MINUTES), str(number), "USD", 100) for counter, number, _ in acts
    ]
    again = [told[place] for place in repeats if place < len(told)]
    orders, gone, carts = set[str](), set[str](), set[str]()
    for each in told:
        if each.counter == "orders":
            orders.add(each.id)
        elif each.counter == "cancelled":
            gone |= {each.id} & orders
        else:
            carts.add(each.id)
    keys = prefix(f"test-{uuid4()}.")
    with valkey.Valkey.from_url(stack_env["AGORA_VALKEY_URL"]) as client:
        try:
            for start in range(0, len(told), 3):
                count(client, keys, told[start : start + 3])
            count(client, keys, again)
            # A cancellation that is told again after its order was told first takes it out, as it would in the topic.
            gone |= {each.id for each in again if each.counter == "cancelled"} & orders
            standing = len(orders - gone)
            expected = {"orders": standing, "revenue:USD": 100 * standing, "carts": len(carts)}
            assert exact(client, keys) == {name: value for name, value in expected.items() if value}
        finally:
            for key in client.scan_iter(f"{keys}*"):
                client.delete(key)


def test_what_an_event_adds() -> None:
    visitor = uuid4()
    page = orjson.loads(envelope(PageViewed(anonymous_id=visitor, path="/")))
    assert [(each.counter, each.id) for each in counted(page)] == [("visitors", str(visitor))]
    view = orjson.loads(envelope(ProductViewed(anonymous_id=visitor, product_id=1)))
    assert [each.counter for each in counted(view)] == ["views", "visitors"]
    served = page | {"type": "recommendations.recommendation_served"}
    assert list(counted(served)) == []
