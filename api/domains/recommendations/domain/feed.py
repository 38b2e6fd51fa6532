"""The order of a person's own feed: what several sources found, as one list with a reason for each post."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from api.domains.communities.contracts import FeedCandidate, FeedSource
from api.domains.recommendations.domain.policy import Policy

# What speaks more for a post counts more; popularity is what is left where nothing else speaks.
WEIGHTS: dict[FeedSource, float] = {
    "answered": 1.0,
    "voted_alike": 1.0,
    "joined": 0.9,
    "topic": 0.8,
    "owned": 0.8,
    "alike": 0.6,
    "popular": 0.3,
}
REASONS: dict[FeedSource, str] = {
    "answered": "Because you answered in {about}",
    "voted_alike": "Liked by people who like what you like",
    "joined": "New in {about}, which you joined",
    "topic": "Like “{about}”, which you liked or answered",
    "owned": "About something that you bought",
    "alike": "From {about}, where people of your communities are too",
    "popular": "Popular with everybody",
}
# How fast a source's lower ranks count less; the value of Cormack, Clarke and Büttcher (2009).
SMOOTHING = 60
SAME_COMMUNITY, SAME_AUTHOR = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class RankedPost:
    """A post with its score and the source that speaks most for it; `about` is what the reason names."""

    post_id: UUID
    community_id: UUID
    author_id: UUID
    source: FeedSource
    about: str
    score: float


def fuse(candidates: Sequence[FeedCandidate]) -> list[RankedPost]:
    """Each post once, the best first; each source comes with its best first.

    Weighted reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): Σ weight / (60 + rank). Scores of several
    sources cannot be compared, their ranks can.
    """
    ranks: dict[FeedSource, int] = {}
    scores: dict[UUID, float] = {}
    strongest: dict[UUID, tuple[float, FeedCandidate]] = {}
    for each in candidates:
        ranks[each.source] = rank = ranks.get(each.source, 0) + 1
        worth = WEIGHTS[each.source] / (SMOOTHING + rank)
        scores[each.post_id] = scores.get(each.post_id, 0.0) + worth
        if each.post_id not in strongest or worth > strongest[each.post_id][0]:
            strongest[each.post_id] = worth, each
    fused = [
        RankedPost(each.post_id, each.community_id, each.author_id, each.source, each.about, scores[each.post_id])
        for _, each in strongest.values()
    ]
    return sorted(fused, key=lambda post: (-post.score, post.post_id))


def diversify(posts: Sequence[RankedPost], limit: int, policy: Policy) -> list[RankedPost]:
    """The best `limit` first, unlike each other in community and author, then the others as they were.

    Maximal marginal relevance (Carbonell and Goldstein 1998), as `shelf.pick` has it for products.
    """
    if not posts:
        return []
    relevance = np.array([post.score for post in posts]) / posts[0].score
    communities = np.array([post.community_id.int % 2**63 for post in posts])
    authors = np.array([post.author_id.int % 2**63 for post in posts])
    likeness = np.zeros(len(posts))
    is_free = np.ones(len(posts), bool)
    chosen: list[int] = []
    while len(chosen) < min(limit, len(posts)):
        worth = policy.relevance * relevance - (1 - policy.relevance) * likeness
        at = int(np.where(is_free, worth, -np.inf).argmax())
        chosen.append(at)
        is_free[at] = False
        same = SAME_COMMUNITY * (communities == communities[at]) + SAME_AUTHOR * (authors == authors[at])
        likeness = np.maximum(likeness, same)
    return [posts[at] for at in [*chosen, *np.flatnonzero(is_free).tolist()]]


def reason(source: FeedSource, about: str) -> str:
    """Why a post stands there, for the person."""
    return REASONS[source].replace("{about}", about)
