"""What a person's word changes in the lists: signing in joins two of them, and what was taken out goes."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import valkey

from ingestion.online.interactions import LIFETIME_SECONDS, MOST, PREFIX

JOIN = "identity.signed_in"
REMOVE = "recommendations.taste_removed"
RESET = "recommendations.taste_reset"


class Word(NamedTuple):
    """`people` are ids of one person, the browser's first; `product_id` is what a removal is about."""

    kind: str
    people: tuple[str, ...]
    at: float
    product_id: int | None = None


def words(envelope: dict[str, Any]) -> Iterator[Word]:
    """The word of one event, none for other types. Raises ValueError, KeyError or TypeError for garbage."""
    kind = envelope["type"]
    if kind not in {JOIN, REMOVE, RESET}:
        return
    data, at = envelope["data"], datetime.fromisoformat(envelope["time"]).timestamp()
    given = (data.get("anonymous_id"), data.get("customer_id"))
    people = tuple(str(UUID(each)) for each in given if each is not None)
    yield Word(kind, people, at, int(data["product_id"]) if kind == REMOVE else None)


def hear(client: valkey.Valkey, said: Iterable[Word]) -> None:
    """Do what was said, each whole or not at all. Hearing it again changes nothing."""
    for word in said:
        if word.kind == JOIN and len(word.people) == 2:
            _join(client, *word.people)
        elif word.kind == REMOVE:
            _forget(client, word, partial(_is_about, word.product_id))
        elif word.kind == RESET:
            _forget(client, word, bool)


def _join(client: valkey.Valkey, browser: str, customer: str) -> None:
    """What was done before signing in is the customer's now; the next person at this browser begins with nothing."""
    if before := _items(client, browser):
        merged = before | _items(client, customer)
        newest = sorted(merged, key=lambda item: -merged[item]["at"])[:MOST]
        _write(client, customer, newest, [PREFIX + browser])


def _forget(client: valkey.Valkey, word: Word, is_meant: Callable[[dict[str, Any]], bool]) -> None:
    for person in word.people:
        there = _items(client, person)
        kept = [item for item, event in there.items() if event["at"] > word.at or not is_meant(event)]
        if len(kept) < len(there):
            _write(client, person, kept, [])


def _is_about(product_id: int | None, event: dict[str, Any]) -> bool:
    return bool(event["product_id"] == product_id)


def _items(client: valkey.Valkey, person: str) -> dict[bytes, dict[str, Any]]:
    """A list in its order, without what nobody can read."""
    found = {}
    for item in client.lrange(PREFIX + person, 0, -1):  # type: ignore[union-attr]
        with contextlib.suppress(ValueError, KeyError, TypeError):
            event = orjson.loads(item)
            found[item] = {"product_id": int(event["product_id"]), "at": float(event["at"])}
    return found


def _write(client: valkey.Valkey, person: str, items: list[bytes], gone: list[str]) -> None:
    key = PREFIX + person
    pipeline = client.pipeline(transaction=True)
    pipeline.delete(key, *gone)
    if items:
        pipeline.rpush(key, *items)
        pipeline.expire(key, LIFETIME_SECONDS)
    pipeline.execute()  # type: ignore[no-untyped-call]
