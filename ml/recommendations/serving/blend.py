"""The learned blend: candidates of several scorers, described by features, ordered by boosted trees.

Serving and training call the same `describe`, so that what was learned is what answers. Without trees the blend is the
sum of the sources' standard scores. Everything is read-only arrays: a new blend replaces an old one by one assignment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving.scorer import Floats, History, Ids, Positions, Scorer, top
from ml.recommendations.serving.trees import Trees

Task = Literal["next", "new"]
EVERY = 1_000_000
NEVER = 3650.0  # days: farther away than anything that was seen
OF_ITEM = ("ever", "recent", "trend", "near", "since_first", "since_last", "trait")
OF_OWN = ("own_weight", "own_share", "own_rank", "own_days", "own_due")
OF_BOTH = (*OF_OWN, "category_share", "category_lift", "trait_distance", "trait_spread")
OF_PERSON = ("products", "span", "idle", "popular_taste", "own_repeats")


@dataclass(frozen=True, slots=True)
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

    def period(self, day: float) -> int:
        """The period of a day; the nearest one where it is outside."""
        return int(np.clip((day - self.start) / self.step, 0, self.when.shape[1] - 1))


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


@dataclass(frozen=True, slots=True)
class Heard:
    """What every source says of all products (n) to one person, unscaled, with its mean and standard deviation."""

    said: tuple[Floats, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]

    def standard(self, source: int, at: Positions) -> Floats:
        """Standard scores of some products: how far above its mean over all of them a source puts each."""
        if not self.spreads[source]:
            return np.zeros(len(at), np.float32)
        return (self.said[source][at] - np.float32(self.means[source])) / np.float32(self.spreads[source])


@dataclass(frozen=True, slots=True)
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

    @property
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
        ids, inverse = np.unique(history.product_ids, return_inverse=True)
        weights = np.bincount(inverse, weights=history.weights, minlength=len(ids)).astype(np.float32)
        newest = np.full(len(ids), -np.inf, np.float32)
        np.maximum.at(newest, inverse, days)
        at = np.minimum(np.searchsorted(self.product_ids, ids), len(self.product_ids) - 1)
        is_known = (self.product_ids[at] == ids) & (weights > 0)
        return Known(at[is_known], weights[is_known], newest[is_known])

    def hear(self, known: Known) -> Heard:
        """Ask every source about every product."""
        loudest = known.loudest(self.loudest)
        rows, weights = known.rows[loudest], known.weights[loudest]
        said = tuple(source.affinity_of(rows, weights) for source in self.sources)
        means = tuple(float(each.sum(dtype=np.float64)) / max(len(each), 1) for each in said)
        # Without a pass of its own for the differences: E(x²) − E(x)², at the precision of the scores.
        squares = (float(each @ each) / max(len(each), 1) for each in said)
        spreads = tuple(max(square - mean * mean, 0.0) ** 0.5 for square, mean in zip(squares, means, strict=True))
        return Heard(said, means, spreads)

    def plain(self, heard: Heard) -> Floats:
        """The sum of the standard scores of all products, but for a constant; popularity breaks ties and speaks alone
        for a stranger."""
        total = self.items.recent * np.float32(1e-3)
        total += self.items.ever * np.float32(1e-5)
        for weight, said, spread in zip(self.weights, heard.said, heard.spreads, strict=True):
            if spread:
                total += said * np.float32(weight / spread)
        return np.asarray(total, np.float32)

    def candidates(self, known: Known, plain: Floats, task: Task, depth: int | None = None) -> Positions:
        """Positions worth ordering, rising."""
        if task == "new":
            plain = plain.copy()
            plain[known.rows] = -np.inf
        chosen = np.concatenate([top(plain, depth or self.depth), self.popular])
        if task == "new":
            return np.unique(chosen[np.isfinite(plain[chosen])])
        return np.unique(np.concatenate([chosen, known.rows[known.loudest(self.loudest)]]))

    def order(
        self,
        known: Known,
        heard: Heard,
        chosen: Positions,
        plain: Floats,
        now: float,
        task: Task,
        among: Positions | None = None,
    ) -> tuple[Positions, Floats]:
        """`chosen` and their scores, best first; or of them only those `among`, as they stand beside all others."""
        asked = slice(None) if among is None else np.isin(chosen, among)
        if len(known.rows) and task in self.trees:
            scores = self.trees[task].predict(self.describe(known, heard, chosen, now)[asked])
        else:
            scores = plain[chosen][asked]
        chosen = chosen[asked]
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
        loudest = (loud * self.weights[:, None]).argmax(axis=0)
        found: dict[int, int] = {}
        for source in np.unique(loudest).tolist():
            found |= self.sources[source].because(history, self.product_ids[at[loudest == source]])
        return found

    def describe(self, known: Known, heard: Heard, chosen: Positions, now: float) -> Floats:
        """(candidates × features), float32 and finite, for a person with at least one known product."""
        items = self.items
        rows, weights, days = known
        columns: list[Floats] = []
        for source in range(len(self.sources)):
            part = heard.standard(source, chosen)
            place = np.empty(len(part), np.float32)
            place[np.argsort(-part, kind="stable")] = np.arange(len(part))
            columns += [part, np.log1p(place)]
        first, last, middle = float(days.min()), float(days.max()), float(np.median(days))
        columns += [
            items.ever[chosen],
            items.recent[chosen],
            items.recent[chosen] - items.ever[chosen],
            items.when[chosen, items.period(middle)],
            np.clip(last - items.first_day[chosen], -NEVER, NEVER),
            np.clip(first - items.last_day[chosen], -NEVER, NEVER),
            items.trait[chosen],
        ]
        columns += self._of_both(known, now, chosen)
        person = (
            np.log1p(len(rows)),
            np.log1p(last - first),
            min(now - last, NEVER),
            float(items.ever[rows].mean()),
            float(np.log1p(weights.sum() / len(rows))),
        )
        columns += [np.full(len(chosen), figure, np.float32) for figure in person]
        return np.stack(columns, axis=1).astype(np.float32)

    def _of_both(self, known: Known, now: float, chosen: Positions) -> list[Floats]:
        rows, weights, days = known
        items, share = self.items, weights / weights.sum()
        at = np.minimum(np.searchsorted(rows, chosen), len(rows) - 1)
        owned = rows[at] == chosen
        place = np.empty(len(rows), np.float32)
        place[np.argsort(-weights, kind="stable")] = np.log1p(np.arange(len(rows)))
        since = np.where(owned, np.clip(now - days[at], 0, NEVER), NEVER)
        codes = items.category[rows]
        placed = codes >= 0
        taste = np.bincount(codes[placed], share[placed], minlength=max(len(items.category_share), 1))
        code = items.category[chosen]
        is_placed = code >= 0
        mine = np.where(is_placed, taste[code], 0.0)
        usual = (
            np.where(is_placed, items.category_share[code], 0.0) if len(items.category_share) else np.zeros(len(code))
        )
        traits = items.trait[rows]
        mean, spread = float(traits.mean()), float(traits.std())
        distance = items.trait[chosen] - mean
        return [
            np.where(owned, weights[at], 0.0),
            np.where(owned, weights[at] / weights.max(), 0.0),
            np.where(owned, place[at], np.log1p(NEVER)),
            since,
            np.where(owned, np.minimum(since / np.maximum(items.gap[chosen], 1.0), 10.0), 10.0),
            mine,
            mine - usual,
            distance,
            distance / (spread + 1e-3 + 0.01 * abs(mean)),
        ]
