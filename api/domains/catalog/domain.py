"""Rules of catalog without a database: names in addresses, words of a question, the order of a list."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from api.core.slugs import WORD, slugify, words_of

LONGEST_QUERY_WORDS = 8
DEEPEST_LEVEL = 10


PRICE_EDGES = (0, 200, 500, 1000, 2500, 5000, 10000)  # minor units; the last range is open. As in the database.


class Sort(StrEnum):
    """How a list of products may be ordered."""

    RELEVANCE = "relevance"
    PRICE = "price"
    PRICE_DOWN = "price_down"
    RATING = "rating"
    NEWEST = "newest"
    POPULAR = "popular"


def query_words(query: str) -> list[str]:
    """The words of a question, each once, at most `LONGEST_QUERY_WORDS`: nobody types more, a script might."""
    return list(dict.fromkeys(words_of(query)))[:LONGEST_QUERY_WORDS]


def levels_of(names: Iterable[str]) -> list[str]:
    """The names that are levels: an empty one, and one that repeats the level above, is none of its own."""
    levels: list[str] = []
    for name in names:
        if name.strip() and (not levels or slugify(name) != slugify(levels[-1])):
            levels.append(name)
    return levels


def node_path(names: Iterable[str]) -> str:
    """Names from the department down → the node's path: `Clothing`, `Dresses`, `Maxi` → `clothing/dresses/maxi`."""
    return "/".join(map(slugify, levels_of(names)))


def nodes_above(path: str) -> list[str]:
    """A node's path → those above it from the top, and itself last."""
    parts = path.split("/")
    return ["/".join(parts[: level + 1]) for level in range(len(parts))]


def count_words(texts: Iterable[str]) -> Counter[str]:
    """In how many of `texts` each word occurs; single letters are not words."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word in set(words_of(text)) if len(word) > 1)
    return counts


def tsquery(alternatives: Sequence[Sequence[str]], match_all: bool) -> str:
    """Stems → text of a tsquery: any stem of each group, and all groups (or, relaxed, any of them)."""
    groups = [" | ".join(f"'{stem}'" for stem in stems if WORD.fullmatch(stem)) for stems in alternatives]
    return (" & " if match_all else " | ").join(f"({group})" for group in groups if group)


def beginnings(alternatives: Sequence[Sequence[str]]) -> str:
    """Words → text of a tsquery: of each group a word that begins so."""
    groups = [" | ".join(f"'{word}':*" for word in words if WORD.fullmatch(word)) for words in alternatives]
    return " & ".join(f"({group})" for group in groups if group)


def price_range_name(index: int) -> str:
    """A range in addresses: `200-500`, in minor units, the upper edge left out; `10000-` is open."""
    edges = [*map(str, PRICE_EDGES), ""]
    return f"{edges[index]}-{edges[index + 1]}"


PRICE_RANGES = {price_range_name(index): index for index in range(len(PRICE_EDGES))}
