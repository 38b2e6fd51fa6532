"""What rules see of a text: numbers and flags, each with its meaning."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

LINK = re.compile(r"(?:https?://|www\.)\S*|\b[\w-]+\.(?:com|net|org|info|biz|ru|xyz|shop|top|io)\b", re.IGNORECASE)
MENTION = re.compile(r"(?<!\w)@\w+")

NEVER = 2.0  # no probability gets there

# Every name that a condition may use, with what it means; the page shows them, and a rule is tried against them.
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "text": {
        "body": "the text itself",
        "length": "characters",
        "words": "words",
        "links": "addresses of pages",
        "mentions": "people named by @",
        "capitals": "share of letters that are capitals, 0 to 1; 0 below 20 letters",
        "longest_run": "how often one character stands in a row, at most",
        "has_blocked_word": "whether a blocked word occurs",
    },
    "author": {"age_days": "days since the account was made; 0 where that is not known"},
    "model": {"toxicity": "probability that people call it toxic, 0 to 1; 0 while there is no model"},
    "place": {
        "kind": "review, question, answer, post, comment or community",
        "may_link": "whether links belong to it",
        "toxicity_threshold": "toxicity from which its community holds a text; 2, never reached, where it set none",
    },
}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known when a text is judged."""

    body: str
    kind: str
    may_link: bool = False
    age_days: float = 0.0
    toxicity: float = 0.0
    has_blocked_word: bool = False
    toxicity_threshold: float = NEVER

    def as_variables(self) -> dict[str, dict[str, object]]:
        """The variables of a condition, by the names of `MEANINGS`."""
        letters = [each for each in self.body if each.isalpha()]
        capitals = sum(each.isupper() for each in letters) / len(letters) if len(letters) >= 20 else 0.0
        return {
            "text": {
                "body": self.body,
                "length": len(self.body),
                "words": len(self.body.split()),
                "links": len(LINK.findall(self.body)),
                "mentions": len(MENTION.findall(self.body)),
                "capitals": capitals,
                "longest_run": longest_run(self.body),
                "has_blocked_word": self.has_blocked_word,
            },
            "author": {"age_days": self.age_days},
            "model": {"toxicity": self.toxicity},
            "place": {
                "kind": self.kind,
                "may_link": self.may_link,
                "toxicity_threshold": self.toxicity_threshold,
            },
        }

    def without_words(self) -> dict[str, Any]:
        """What the event of a judged text tells: all that rules see of it but its words."""
        seen = self.as_variables()["text"]
        told = {name: value for name, value in seen.items() if name != "body"}
        place = {"may_link": self.may_link, "toxicity_threshold": self.toxicity_threshold}
        return told | place | {"age_days": round(self.age_days, 2)}


def longest_run(text: str) -> int:
    """How often one visible character stands in a row, at most."""
    return max((sum(1 for _ in run) for each, run in groupby(text) if not each.isspace()), default=0)


def has_word_of(text: str, terms: Iterable[str]) -> bool:
    """Whether one of the terms occurs as words of the text, in any case."""
    words = " ".join(text.casefold().split())
    return any(re.search(rf"(?<!\w){re.escape(term)}(?!\w)", words) for term in terms)
