"""The learned blend: candidates of several scorers, described by features, ordered by boosted trees.

Serving and training call the same `describe`, so that what was learned is what answers. Without trees the blend is the
sum of the sources' standard scores. Everything is read-only arrays: a new blend replaces an old one by one assignment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import compiled
from ml.recommendations.serving.hearing import Heard, Places, Plain
from ml.recommendations.serving.neighbours import Floats, Ids, Positions
from ml.recommendations.serving.scorer import History, Scorer
from ml.recommendations.serving.trees import Trees

Task = Literal["next", "new"]
EVERY = 1_000_000
NEVER = 3650.0  # days: farther away than anything that was seen
OF_ITEM = ("ever", "recent", "trend", "near", "since_first", "since_last", "trait")
OF_OWN = ("own_weight", "own_share", "own_rank", "own_days", "own_due")
OF_BOTH = (*OF_OWN, "category_share", "category_lift", "trait_distance", "trait_spread")
OF_PERSON = ("products", "span", "idle", "popular_taste", "own_repeats")


@dataclass(frozen=True)
class Items:
    """What is known of each product (n), all finite.

    `ever` and `recent` are log1p of orders; `first_day` and `last_day` are days since the epoch; `gap` is the typical
    number of days until the same person buys the product again (`NEVER` where nobody did); `category` is a code or −1,
    `category_share` (codes) its share of all orders; `trait` one number of the product, such as its price or year (0
    where unknown). `when` (n × periods) is log1p of orders by period, period p beginning at `start + p·step` days.
    """

    ever: Floats
    recent: Floats
    first_day: Floats
    last_day: Floats
    gap: Floats
    category: npt.NDArray[np.int32]
    category_share: Floats
    trait: Floats
    when: Floats
    start: float
    step: float

    @cached_property
    def table(self) -> Floats:
        """What is told of a product for itself, row by row: `ever`, `recent`, their difference, and `trait`."""
        return np.stack([self.ever, self.recent, self.recent - self.ever, self.trait], axis=1).astype(np.float32)

    def period(self, day: float) -> int:
        """The period of a day; the nearest one where it is outside."""
        return int(min(max((day - self.start) / self.step, 0), self.when.shape[1] - 1))


class Known(NamedTuple):
    """What a blend knows of a person: positions of products, rising, how much each counts, its newest day."""

    rows: Positions
    weights: Floats
    days: Floats

    def loudest(self, limit: int) -> Positions:
        """The places of the `limit` products that count most, rising."""
        if len(self.rows) <= limit:
            return np.arange(len(self.rows))
        return np.sort(np.argpartition(-self.weights, limit)[:limit])


@dataclass(frozen=True)
class Blend:
    """`sources` all know the same `product_ids`; `weights` are theirs in the plain blend.

    `trees` order the candidates of a task: `next` for whatever is bought next, `new` for what the person never had.
    `depth` candidates come from the plain blend, beside the person's own products and the `popular` ones (positions).
    Of a history the `loudest` products are what sources are asked with: of purchases the rest changes next to nothing.
    """

    product_ids: Ids
    names: tuple[str, ...]
    sources: tuple[Scorer, ...]
    weights: Floats
    items: Items
    popular: Positions
    trees: Mapping[Task, Trees]
    depth: int = 200
    loudest: int = EVERY

    def __post_init__(self) -> None:
        """Sources are compact, whoever made them."""
        object.__setattr__(self, "sources", tuple(source.compact() for source in self.sources))

    def prepare(self) -> None:
        """Make now what is made once for a version, in a few milliseconds: otherwise the first answer does."""
        _ = self.places, self.items.table, self.features

    @cached_property
    def places(self) -> Places:
        """Where the products stand that any source speaks of."""
        ties = self.items.recent * np.float32(1e-3)
        ties += self.items.ever * np.float32(1e-5)
        return Places.of(self.sources, np.asarray(ties, np.float32))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The columns of `describe`."""
        of_sources = (f"{kind}_{name}" for name in self.names for kind in ("z", "rank"))
        return (*of_sources, *OF_ITEM, *OF_BOTH, *OF_PERSON)

    def rank(
        self, history: History, days: Floats, now: float, limit: int, task: Task = "next", depth: int | None = None
    ) -> tuple[Ids, Floats]:
        """The best products and their scores, best first; of a task `new` none that stands in the history.

        `days` (as long as the history) are the days since the epoch of each event; `now` is the day of the request.
        A person without a known product gets what is popular now. `depth` instead of the blend's own is for
        experiments.
        """
        known = self.known(history, days)
        heard = self.hear(known)
        plain = self.plain(heard)
        chosen, scores = self.order(known, heard, self.candidates(known, plain, task, depth), plain, now, task)
        return self.product_ids[chosen[:limit]], scores[:limit]

    def known(self, history: History, days: Floats) -> Known:
        """The known products of a history, each once: weights summed, of its days the newest."""
        if not len(self.product_ids) or not len(history.product_ids):
            return Known(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
        weights, newest = np.asarray(history.weights, np.float32), np.asarray(days, np.float32)
        return Known(*compiled.known(self.product_ids, history.product_ids, weights, newest))

    def hear(self, known: Known) -> Heard:
        """Ask every source about every product."""
        loudest = known.loudest(self.loudest)
        rows, weights = known.rows[loudest], known.weights[loudest]
        said, means, spreads, count = [], [], [], max(len(self.product_ids), 1)
        for source in self.sources:
            own = source.said(rows, weights, spare=1)
            mean, spread = compiled.moments(own, count)
            means.append(mean)
            spreads.append(spread)
            said.append(own)
        return Heard(self.places, tuple(said), tuple(means), tuple(spreads))

    def plain(self, heard: Heard) -> Plain:
        """The sum of the standard scores of all products, but for a constant; popularity breaks ties and speaks alone
        for a stranger."""
        places = self.places
        total = places.ties[places.union]
        for weight, said, spread, within in zip(self.weights, heard.said, heard.spreads, places.within, strict=True):
            if spread:
                compiled.add(total, within, said[:-1], weight / spread)
        return Plain(places, total)

    def candidates(self, known: Known, plain: Plain, task: Task, depth: int | None = None) -> Positions:
        """Positions worth ordering, rising."""
        is_new = task == "new"
        is_chosen = np.zeros(len(self.product_ids), bool)
        is_chosen[self.popular] = True
        is_chosen[known.rows if is_new else known.rows[known.loudest(self.loudest)]] = not is_new
        is_chosen[plain.best(depth or self.depth, known.rows if is_new else known.rows[:0])] = True
        return np.flatnonzero(is_chosen)

    def order(
        self,
        known: Known,
        heard: Heard,
        chosen: Positions,
        plain: Plain,
        now: float,
        task: Task,
        among: Positions | None = None,
    ) -> tuple[Positions, Floats]:
        """`chosen` (rising) and their scores, best first.

        Or of them only those `among` (rising), as they stand beside all others.
        """
        asked = None
        if among is not None:
            asked = np.minimum(np.searchsorted(chosen, among), max(len(chosen) - 1, 0))
            asked = asked[chosen[asked] == among]
        if len(known.rows) and task in self.trees:
            scores = self.trees[task].predict(self.describe(known, heard, chosen, now, asked))
            chosen = chosen if asked is None else chosen[asked]
        else:
            chosen = chosen if asked is None else chosen[asked]
            scores = plain.at(chosen)
        best = np.argsort(-scores, kind="stable")
        return chosen[best], scores[best]

    def because(self, history: History, heard: Heard, product_ids: Ids) -> dict[int, int]:
        """For each product the product of the history that speaks for it in the source that praises it most.

        None where that source has no single product to name.
        """
        at = np.minimum(np.searchsorted(self.product_ids, product_ids), len(self.product_ids) - 1)
        at = at[self.product_ids[at] == product_ids]
        if not len(at):
            return {}
        loud = np.stack([heard.standard(source, at) for source in range(len(self.sources))])
        praising = (loud * self.weights[:, None]).argmax(axis=0)
        rows, weights = self.sources[0].positions(history)
        found: dict[int, int] = {}
        for source in np.unique(praising).tolist():
            asked = at[praising == source]
            loudest = self.sources[source].loudest(rows, weights, asked)
            pairs = zip(self.product_ids[asked].tolist(), loudest.tolist(), strict=True)
            found |= {product_id: int(self.product_ids[rows[place]]) for product_id, place in pairs if place >= 0}
        return found

    def describe(
        self, known: Known, heard: Heard, chosen: Positions, now: float, asked: Positions | None = None
    ) -> Floats:
        """(candidates × features), float32 and finite, for a person with at least one known product.

        Of places `asked` only their rows of it: the others are what these are ranked among.
        """
        items, rows, weights = self.items, known.rows, known.weights
        among, asked = chosen, np.arange(len(chosen)) if asked is None else asked
        chosen = chosen[asked]
        found = np.empty((len(chosen), len(self.features)), np.float32)
        for source in range(len(self.sources)):
            compiled.scores_and_ranks(heard.standard(source, among), asked, found, 2 * source)
        ordered = np.sort(known.days)
        first, last = float(ordered[0]), float(ordered[-1])
        middle = float((ordered[(len(rows) - 1) // 2] + ordered[len(rows) // 2]) / 2)
        person = (
            np.log1p(len(rows)),
            np.log1p(last - first),
            min(now - last, NEVER),
            items.ever[rows].mean(),
            np.log1p(weights.sum() / len(rows)),
        )
        at = 2 * len(self.sources)
        found[:, at : at + 3] = items.table[chosen, :3]
        found[:, at + 3] = items.when[chosen, items.period(middle)]
        found[:, at + 4] = _within(last - items.first_day[chosen])
        found[:, at + 5] = _within(first - items.last_day[chosen])
        found[:, at + 6] = items.trait[chosen]
        compiled.own_and_alike(
            rows,
            weights,
            known.days,
            now,
            NEVER,
            chosen,
            items.gap,
            items.category,
            items.category_share,
            items.trait,
            found,
            at + 7,
        )
        found[:, -len(person) :] = person
        return found


def _within(days: Floats) -> Floats:
    return np.minimum(np.maximum(days, -NEVER), NEVER)
