"""The learned blend: candidates of several scorers, described by features, ordered by boosted trees.

Serving and training call the same `describe`, so that what was learned is what answers. Without trees the blend is the
sum of the sources' standard scores. Everything is read-only arrays: a new blend replaces an old one by one assignment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving.scorer import Floats, History, Ids, Positions, Scorer, top
from ml.recommendations.serving.trees import Trees

Task = Literal["next", "new"]
NEVER = 3650.0  # days: farther away than anything that was seen
OF_ITEM = ("ever", "recent", "trend", "near", "since_first", "since_last", "trait")
OF_BOTH = ("own_weight", "own_days", "own_due", "category_share", "category_lift", "trait_distance", "trait_spread")
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


@dataclass(frozen=True, slots=True)
class Blend:
    """`sources` all know the same `product_ids`; `weights` are theirs in the plain blend.

    `trees` order the candidates of a task: `next` for whatever is bought next, `new` for what the person never had.
    `depth` candidates come from the plain blend, beside the person's own products and the most popular ones.
    """

    product_ids: Ids
    names: tuple[str, ...]
    sources: tuple[Scorer, ...]
    weights: Floats
    items: Items
    trees: Mapping[Task, Trees]
    depth: int = 200
    popular: int = 50

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of `describe`."""
        of_sources = (f"{kind}_{name}" for name in self.names for kind in ("z", "rank"))
        return (*of_sources, *OF_ITEM, *OF_BOTH, *OF_PERSON)

    def rank(
        self, history: History, days: Floats, now: float, limit: int, task: Task = "next", candidates: int | None = None
    ) -> tuple[Ids, Floats]:
        """The best products and their scores, best first; of a task `new` none that stands in the history.

        `days` (as long as the history) are the days since the epoch of each event; `now` is the day of the request.
        A person without a known product gets what is popular now. `candidates` instead of `depth` is for experiments.
        """
        rows, weights, ages = self.known(history, days)
        chosen, scores = self.candidates(history, rows, task, candidates)
        if len(rows) and task in self.trees:
            described = self.describe(rows, weights, ages, now, chosen, scores)
            ordered = self.trees[task].predict(described)
        else:
            ordered = self.plain(scores)[chosen]
        best = top(ordered, limit)
        return self.product_ids[chosen[best]], ordered[best]

    def known(self, history: History, days: Floats) -> tuple[Positions, Floats, Floats]:
        """Positions, weights and the newest day of each known product of the history."""
        rows, weights = self.sources[0].positions(history)
        newest = np.full(len(self.product_ids), -np.inf, np.float32)
        at = np.minimum(np.searchsorted(self.product_ids, history.product_ids), len(self.product_ids) - 1)
        same = self.product_ids[at] == history.product_ids
        np.maximum.at(newest, at[same], days[same])
        return rows, weights, newest[rows]

    def candidates(
        self, history: History, rows: Positions, task: Task, depth: int | None = None
    ) -> tuple[Positions, list[Floats]]:
        """Positions worth ordering, and the standard scores of every source over all products."""
        scores = [standardised(source.affinity(history)) for source in self.sources]
        plain = self.plain(scores)
        if task == "new":
            plain[rows] = -np.inf
        chosen = np.union1d(top(plain, depth or self.depth), top(self.items.recent, self.popular))
        chosen = np.setdiff1d(chosen, rows) if task == "new" else np.union1d(chosen, rows)
        return chosen, scores

    def plain(self, scores: list[Floats]) -> Floats:
        """The sum of the standard scores; popularity breaks ties and speaks alone for a stranger."""
        total = self.items.recent * np.float32(1e-3) + self.items.ever * np.float32(1e-5)
        for weight, part in zip(self.weights, scores, strict=True):
            total = total + weight * part
        return np.asarray(total, np.float32)

    def describe(
        self,
        rows: Positions,
        weights: Floats,
        days: Floats,
        now: float,
        chosen: Positions,
        scores: list[Floats],
    ) -> Floats:
        """(candidates × features), float32 and finite, for a person with at least one known product."""
        items = self.items
        columns: list[Floats] = []
        for score in scores:
            part = score[chosen]
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
        columns += self._of_both(rows, weights, days, now, chosen)
        person = (
            np.log1p(len(rows)),
            np.log1p(last - first),
            min(now - last, NEVER),
            float(items.ever[rows].mean()),
            float(np.log1p(weights.sum() / len(rows))),
        )
        columns += [np.full(len(chosen), figure, np.float32) for figure in person]
        return np.stack(columns, axis=1).astype(np.float32)

    def _of_both(self, rows: Positions, weights: Floats, days: Floats, now: float, chosen: Positions) -> list[Floats]:
        items, share = self.items, weights / weights.sum()
        at = np.minimum(np.searchsorted(rows, chosen), len(rows) - 1)
        owned = rows[at] == chosen
        since = np.where(owned, np.clip(now - days[at], 0, NEVER), NEVER)
        codes = items.category[rows]
        placed = codes >= 0
        taste = np.bincount(codes[placed], share[placed], minlength=max(len(items.category_share), 1))
        code = items.category[chosen]
        known = code >= 0
        mine = np.where(known, taste[code], 0.0)
        usual = np.where(known, items.category_share[code], 0.0) if len(items.category_share) else np.zeros(len(code))
        traits = items.trait[rows]
        mean, spread = float(traits.mean()), float(traits.std())
        distance = items.trait[chosen] - mean
        return [
            np.where(owned, weights[at], 0.0),
            since,
            np.where(owned, np.minimum(since / np.maximum(items.gap[chosen], 1.0), 10.0), 10.0),
            mine,
            mine - usual,
            distance,
            distance / (spread + 1e-3 + 0.01 * abs(mean)),
        ]


def standardised(scores: Floats) -> Floats:
    """Less their mean, over their standard deviation; zeros where all are equal."""
    spread = float(scores.std())
    return np.asarray((scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores), np.float32)
