"""Texts that people judged, from the sets that are there; and a small made one, so that training works anywhere."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

SCHEMA = {"text": pl.String, "is_toxic": pl.Boolean, "source": pl.String}
# GoEmotions says what a text feels, not whether it attacks: only these are surely no attack. Anger and disgust may be.
_CALM = frozenset(
    {"admiration", "amusement", "approval", "caring", "curiosity", "desire", "excitement", "gratitude", "joy", "love"}
    | {"optimism", "pride", "realization", "relief", "surprise", "neutral"}
)


@dataclass(frozen=True)
class Corpus:
    """Judged texts: text, is_toxic, source. `missing` names the files that were looked for in vain."""

    texts: pl.DataFrame
    missing: tuple[str, ...] = ()


def read(folder: Path) -> Corpus:
    """Every set that lies in the folder; the made one where none does. Each text once, the first judgement counts."""
    parts, missing = [], []
    for name, judged in _SETS.items():
        path = folder / f"{name}.parquet"
        if path.is_file():
            parts.append(judged(path).select(list(SCHEMA)).cast(SCHEMA))  # type: ignore[arg-type]
        else:
            missing.append(path.name)
    found = pl.concat(parts) if parts else made()
    return Corpus(found.drop_nulls().unique("text", keep="first", maintain_order=True), tuple(missing))


def made() -> pl.DataFrame:
    """A few hundred sentences built from phrases: enough to train and to test with, not to judge people by."""
    subjects = ("this post", "your idea", "the new model", "that answer", "the shop", "my order", "the moderator")
    kind = (
        "is really helpful",
        "made my day",
        "could use a picture",
        "is not what I expected",
        "taught me something",
        "arrived late but works",
    )
    cruel = (
        "is garbage written by an idiot",
        "proves that you are a moron",
        "is stupid and so are you",
        "makes me sick, you pathetic loser",
        "is trash, shut up already",
        "shows how dumb you people are",
    )
    ends = ("", ", thanks", ", honestly", "!", " again")
    rows = [
        (f"{subject} {verdict}{end}", is_toxic, "made")
        for is_toxic, verdicts in ((False, kind), (True, cruel))
        for subject, verdict, end in itertools.product(subjects, verdicts, ends)
    ]
    return pl.DataFrame(rows, SCHEMA, orient="row")


def _davidson(path: Path) -> pl.DataFrame:
    """Hate (0) and offensive language (1) are toxic, neither (2) is not."""
    return pl.read_parquet(path).select(
        pl.col("tweet").str.replace_all(r"^(?:!|\")*\s*RT @\w+:?\s*", "").alias("text"),
        (pl.col("class") < 2).alias("is_toxic"),
        pl.lit("davidson").alias("source"),
    )


def _goemotions(path: Path) -> pl.DataFrame:
    """Calm texts as examples of what is not toxic; the others are left out, because nobody judged them for it."""
    names = (path.parent / "goemotions_labels.txt").read_text().split()
    calm = [str(number) for number, name in enumerate(names) if name in _CALM]
    labels = pl.col("labels").str.split(",")
    return (
        pl.read_parquet(path)
        .filter(labels.list.eval(pl.element().is_in(calm)).list.all())
        .select("text", pl.lit(False).alias("is_toxic"), pl.lit("goemotions").alias("source"))
    )


def _labelled(source: str) -> Callable[[Path], pl.DataFrame]:
    return lambda path: pl.read_parquet(path).select(
        "text", (pl.col("label") == 1).alias("is_toxic"), pl.lit(source).alias("source")
    )


_SETS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "davidson_hate_offensive": _davidson,
    "tweeteval_offensive_train_dev": _labelled("olid"),
    "tweeteval_hate_train_dev": _labelled("hateval"),
    "goemotions_reddit_train_dev": _goemotions,
}
