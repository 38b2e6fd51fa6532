"""Counters of the last half hour, by minute of the event's own time, in Valkey.

What is read twice counts once. Orders, carts and checkouts are counted with the ids that were seen, so their figures
are exact; visitors and product views, of which there may be millions, by HyperLogLog, which is as deaf to repeats and
off by less than one per cent (standard error 0.81 %).

Keys, each gone when its minute has left the window: `…live:sums:<minute>` holds the exact figures as a hash,
`…live:order:<id>` the minute and amount of an order, `…live:ids:<counter>:<minute>` the other events that were counted,
`…live:about:<counter>:<minute>` a HyperLogLog. `…live:read_to` is the time up to which the stream was read.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import valkey

WINDOW_MINUTES = 30
KEPT_SECONDS = (WINDOW_MINUTES + 15) * 60
EXACT = {
    "ordering.order_placed": "orders",
    "ordering.order_cancelled": "cancelled",
    "analytics.cart_item_added": "carts",
    "analytics.checkout_started": "checkouts",
}
ABOUT = ("visitors", "views")
CURRENCY = re.compile(r"[A-Z]{3}")
MOST_MINOR = 2**40  # more in one order is no order, and sums stay far from what a counter can hold

# An order that is cancelled within the window no longer counts, as in the warehouse; its id stays, so that neither the
# order nor the cancellation counts again, in whatever minute either is told once more. Amounts are minor units with
# their currency.
_COUNT = """
local prefix, lifetime = ARGV[1], ARGV[2]
local function touch(key) redis.call('EXPIRE', key, lifetime) end
for i = 3, #ARGV, 5 do
  local counter, minute, id, currency, minor = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local sums = prefix .. 'sums:' .. minute
  local order = prefix .. 'order:' .. id
  if counter == 'orders' then
    if redis.call('SET', order, minute .. ' ' .. currency .. ' ' .. minor, 'NX', 'EX', lifetime) then
      redis.call('HINCRBY', sums, 'orders', 1)
      redis.call('HINCRBY', sums, 'revenue:' .. currency, minor)
      touch(sums)
    end
  elseif counter == 'cancelled' then
    local at, of, amount = string.match(redis.call('GET', order) or '', '^(%S+) (%S+) (%S+)$')
    if at then
      redis.call('SET', order, '', 'KEEPTTL')
      redis.call('HINCRBY', prefix .. 'sums:' .. at, 'orders', -1)
      redis.call('HINCRBY', prefix .. 'sums:' .. at, 'revenue:' .. of, -tonumber(amount))
    end
  else
    local ids = prefix .. 'ids:' .. counter .. ':' .. minute
    if redis.call('SADD', ids, id) == 1 then
      redis.call('HINCRBY', sums, counter, 1)
      touch(ids)
      touch(sums)
    end
  end
end
"""


class Counted(NamedTuple):
    """One event under one counter; `id` is what may count once, an amount is there for orders alone."""

    counter: str
    at: float
    id: str
    currency: str = "-"
    minor: int = 0

    @property
    def minute(self) -> int:
        """Minutes of the epoch."""
        return int(self.at // 60)


def prefix(topic_prefix: str) -> str:
    """What the keys of an environment begin with: several may share one Valkey."""
    return f"{topic_prefix}live:"


def counted(envelope: dict[str, Any]) -> Iterator[Counted]:
    """What an event adds to the counters. Raises ValueError, KeyError or TypeError for garbage."""
    kind, data = envelope["type"], envelope["data"]
    at = datetime.fromisoformat(envelope["time"]).timestamp()
    if kind == "ordering.order_placed":
        yield _order(data, at)
    elif kind == "ordering.order_cancelled":
        yield Counted("cancelled", at, _id(data["order_id"]))
    elif kind in EXACT:
        yield Counted(EXACT[kind], at, _id(envelope["id"]))
    elif kind == "analytics.product_viewed":
        yield Counted("views", at, _id(envelope["id"]))
    if kind.startswith("analytics."):
        yield Counted("visitors", at, _id(data["anonymous_id"]))


def _order(data: dict[str, Any], at: float) -> Counted:
    currency, minor = data["currency"], data["total_minor"]
    if not CURRENCY.fullmatch(currency) or not 0 <= minor < MOST_MINOR:
        raise ValueError("not the total of an order")
    return Counted("orders", at, _id(data["order_id"]), currency, int(minor))


def _id(value: Any) -> str:
    return str(UUID(value))


def count(client: valkey.Valkey, keys: str, found: Iterable[Counted]) -> None:
    """Add events to their minutes in one round trip; what was counted before changes nothing."""
    about: dict[str, set[str]] = defaultdict(set)
    exact: list[str] = []
    for each in found:
        if each.counter in ABOUT:
            about[f"{keys}about:{each.counter}:{each.minute}"].add(each.id)
        else:
            exact += (each.counter, str(each.minute), each.id, each.currency, str(each.minor))
    pipeline = client.pipeline(transaction=False)
    if exact:
        pipeline.eval(_COUNT, 0, keys, str(KEPT_SECONDS), *exact)
    for key, ids in about.items():
        pipeline.pfadd(key, *ids)
        pipeline.expire(key, KEPT_SECONDS)
    pipeline.execute()  # type: ignore[no-untyped-call]
