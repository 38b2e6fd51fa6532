"""How toxic a text is: hashed n-grams with one weight each. NumPy alone, and the same features as in training."""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Buckets = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

BUCKETS = 1 << 18
# Longer texts are judged by their start and end: an answer may not take longer because somebody pasted a book.
MOST_CHARACTERS = 4_000
MOST_WORDS_EXPLAINED = 80
_CHARACTERS = (3, 4, 5)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe0f\ufeff]")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_MENTION = re.compile(r"[@＠]\w+|\b/?u/\w+")
_STRETCHED = re.compile(r"(\w)\1{2,}")
_WORD = re.compile(r"[^\W_]+(?:['’*$@!][^\W_]+)*|[^\w\s]")


def normalise(text: str) -> str:
    """What is read: one form of each letter, no hidden characters, nobody's name or address, no stretched letters."""
    if len(text) > MOST_CHARACTERS:
        text = f"{text[: MOST_CHARACTERS // 2]} {text[-MOST_CHARACTERS // 2 :]}"
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    text = _MENTION.sub("@user", _ADDRESS.sub("http", text))
    return _STRETCHED.sub(r"\1\1", text)


def words(text: str) -> list[str]:
    """Words and marks of a normalised text, in order."""
    return _WORD.findall(text)


def ngrams(found: list[str]) -> Iterator[str]:
    """Words, pairs of neighbours, and three to five characters of each word with its borders."""
    for at, word in enumerate(found):
        yield f"w{word}"
        if at:
            yield f"p{found[at - 1]} {word}"
        framed = f" {word} "
        for size in _CHARACTERS:
            for start in range(len(framed) - size + 1):
                yield f"c{framed[start : start + size]}"


def features(found: list[str]) -> tuple[Buckets, Floats]:
    """Buckets (m,) and values (m,) of length one, each 1 + log of how often the n-gram occurs."""
    counts = Counter(zlib.crc32(each.encode()) % BUCKETS for each in ngrams(found))
    buckets = np.fromiter(counts.keys(), np.int64, len(counts))
    values = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
    return buckets, np.asarray(values / max(float(np.linalg.norm(values)), 1e-12), np.float32)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A logistic regression over the buckets: `weights` is (BUCKETS,)."""

    weights: Floats
    bias: float

    def score(self, text: str) -> float:
        """The probability in [0, 1] that people would call the text toxic; 0 where there is nothing to read."""
        found = words(normalise(text))
        return self._of(found) if found else 0.0

    def because(self, text: str, most: int = 3) -> list[str]:
        """The words without which the text would score lowest, loudest first; none where no word raises it."""
        found = words(normalise(text))[:MOST_WORDS_EXPLAINED]
        whole = self._of(found)
        without = {
            word: self._of([each for each in found if each != word]) for word in dict.fromkeys(found) if word.isalnum()
        }
        loud = sorted((word for word, rest in without.items() if rest < whole), key=lambda word: without[word])
        return loud[:most]

    def _of(self, found: list[str]) -> float:
        buckets, values = features(found)
        return float(1 / (1 + np.exp(-(float(self.weights[buckets] @ values) + self.bias))))

    def save(self, path: Path) -> Path:
        """Writes a NumPy archive."""
        np.savez_compressed(path, allow_pickle=False, weights=self.weights, bias=np.array(self.bias))
        return path


def load(path: Path) -> Scorer:
    """The scorer of a file that `save` wrote; nothing in it is executed. Raises ValueError for another file."""
    with np.load(path, allow_pickle=False) as held:
        if set(held.files) != {"weights", "bias"} or held["weights"].shape != (BUCKETS,):
            raise ValueError(f"{path.name} is no toxicity model of {BUCKETS} weights")
        return Scorer(held["weights"].astype(np.float32), float(held["bias"]))
