"""Comparing the places where events lie, id by id."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import reduce

import polars as pl

from ingestion.contracts import EVENT_TYPES

UNREADABLE = "(unreadable)"
PLACES = ("accepted", "kafka", "lake", "failed", "warehouse", "gone")
_KEY = ["topic", "type", "high", "low"]


@dataclass(frozen=True)
class ProofRow:
    """Distinct events of one type in each place; `difference` counts those that are missing or too many anywhere."""

    topic: str
    type: str
    accepted: int
    kafka: int
    lake: int
    failed: int
    warehouse: int
    difference: int
    gone: int = 0


@dataclass(frozen=True)
class Proof:
    """All rows at one time."""

    as_of: datetime
    rows: tuple[ProofRow, ...]

    @property
    def difference(self) -> int:
        """The sum over all rows: 0 is the proof."""
        return sum(row.difference for row in self.rows)

    def document(self) -> dict[str, object]:
        """The form of `--json`."""
        rows = [asdict(row) for row in self.rows]
        return {"as_of": self.as_of.isoformat(), "rows": rows, "difference": self.difference}


def compare_events(places: dict[str, pl.DataFrame], repeated: dict[tuple[str, str], int]) -> list[ProofRow]:
    """One row per event type. `places` has distinct ids by place; `repeated` Kafka records that the lake holds twice.

    An event is right where it was accepted, is in Kafka, in the lake, and either in the warehouse or among the failed.
    One that is noted as gone is right where neither lake nor warehouse has anything of it.
    """
    flagged = [
        places[name].select(*_KEY, pl.lit(1 << position, pl.UInt8).alias("where"))
        for position, name in enumerate(PLACES)
    ]
    # Every place holds an id once, so that the sum of the flags is their union.
    events = pl.concat(flagged).group_by(_KEY).agg(pl.col("where").sum())
    flags = {name: (pl.col("where") & (1 << position)) > 0 for position, name in enumerate(PLACES)}
    is_whole = reduce(lambda left, right: left & right, (flags[name] for name in ("accepted", "kafka", "lake")))
    is_there = is_whole & (flags["warehouse"] | flags["failed"])
    is_gone = ~(flags["lake"] | flags["failed"] | flags["warehouse"])
    is_right = pl.when(flags["gone"]).then(is_gone).otherwise(is_there)
    counts = events.group_by("topic", "type").agg(
        *(flag.sum().alias(name) for name, flag in flags.items()), (~is_right).sum().alias("difference")
    )
    rows = {(row["topic"], row["type"]): row for row in counts.to_dicts()}
    return [_row(*key, rows.get(key, {}), repeated.get(key, 0)) for key in _types([*rows, *repeated])]


def _row(topic: str, event_type: str, counts: dict[str, int], twice: int) -> ProofRow:
    places = {name: int(counts.get(name, 0)) for name in PLACES}
    return ProofRow(topic, event_type, **places, difference=int(counts.get("difference", 0)) + twice)


def _types(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    declared = [(event_class.domain(), name) for name, event_class in EVENT_TYPES.items()]
    return declared + sorted(set(found) - set(declared))


def compare_unreadable(
    topic: str, kafka: dict[tuple[int, int], str], failed: list[tuple[int, int]], gone: Collection[str] = ()
) -> ProofRow:
    """The records (partition, offset) that are no events: each has to be among the failed events, once.

    `kafka` has their ids as failed events; those that are noted as `gone` must not be there.
    """
    there, erased = set(failed), {place for place, failed_id in kafka.items() if failed_id in gone}
    difference = len((kafka.keys() - erased) ^ there) + len(failed) - len(there)
    return ProofRow(topic, UNREADABLE, 0, len(kafka), 0, len(there), 0, difference, len(erased))
