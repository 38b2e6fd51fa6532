"""What a rule of moderation would have done in the last days: over the texts that were judged, as the lake knows them.

The lake holds what rules see of a text, never the text itself: words would outlive in files what their author deletes.
A condition that reads the words cannot be answered here (`WordsNeeded`); it is watched in the shadow instead. What was
not looked at is counted.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cel
import polars as pl
import psycopg
from psycopg.types.json import Jsonb

from ingestion.contracts.moderation import CaseDecided, DecisionUndone, TextJudged
from ingestion.settings import SettingsError
from pipelines.lib import frames
from pipelines.lib.settings import Settings

DAYS = 90
_BODY = re.compile(r"\bbody\b")
# The names of a condition, by the field of the event that holds each.
_TEXT = ("length", "words", "links", "mentions", "capitals", "longest_run", "has_blocked_word")
_PLACE = ("kind", "may_link", "toxicity_threshold")
_FACTS = (*_TEXT, *_PLACE, "age_days", "toxicity")
_RULE = "select name, version, expression from moderation.rules where name = %s order by version desc limit 1"
_ASK = """
    insert into serving.backtests (rule, rule_version, expression, days) values (%s, %s, %s, %s)
    on conflict (rule) where finished_at is null do nothing
"""
_WAITING = """
    select backtest_id, expression, days from serving.backtests
    where finished_at is null and (%(rule)s::text is null or rule = %(rule)s) order by backtest_id limit 1
    for update skip locked
"""
_ANSWER = """
    update serving.backtests set finished_at = clock_timestamp(), problem = %(problem)s, texts = %(texts)s,
        hits = %(hits)s, people = %(people)s, most_by_one = %(most_by_one)s, removed = %(removed)s, stood = %(stood)s,
        alone = %(alone)s, unseen = %(unseen)s, failed = %(failed)s, overlap = %(overlap)s, by_week = %(by_week)s
    where backtest_id = %(backtest_id)s
"""


class NoSuchRule(ValueError):
    """No rule has this name."""


class WordsNeeded(ValueError):
    """The condition reads the words themselves, which the lake does not hold."""


@dataclass(frozen=True)
class Result:
    """What a condition would have done. Of its hits people `removed` some and let others stand; the rest nobody judged.

    `people`: how many wrote them; `most_by_one`: the most of one person; `alone`: those of which no other rule spoke;
    `overlap`: how often each other rule spoke as well; `by_week`: (Monday, hits). `problem` says why there is none.
    Not looked at were `unseen` texts, of which no facts were told; on `failed` ones it could not be answered.
    """

    texts: int = 0
    hits: int = 0
    people: int = 0
    most_by_one: int = 0
    removed: int = 0
    stood: int = 0
    alone: int = 0
    unseen: int = 0
    failed: int = 0
    overlap: Mapping[str, int] = field(default_factory=dict)
    by_week: tuple[tuple[str, int], ...] = ()
    problem: str | None = None

    @property
    def precision(self) -> float | None:
        """The share of those that were judged by people and removed; None where none were."""
        judged = self.removed + self.stood
        return self.removed / judged if judged else None


def run(settings: Settings, rule: str, days: int = DAYS) -> Result:
    """Test the newest version of a rule now, and keep the result for the API. Raises NoSuchRule."""
    with psycopg.connect(_url(settings)) as connection:
        found = connection.execute(_RULE, (rule,)).fetchone()
        if found is None:
            raise NoSuchRule(f"there is no rule {rule}")
        connection.execute(_ASK, (*found, days))
        connection.commit()
        result = _answer_one(settings, connection, rule)
    return result or Result(problem="somebody else tests it at this moment")


def run_waiting(settings: Settings) -> int:
    """Answer whatever was asked for; how many tests that were."""
    done = 0
    with psycopg.connect(_url(settings)) as connection:
        while _answer_one(settings, connection, None) is not None:
            done += 1
    return done


def waiting(settings: Settings) -> bool:
    """Whether a test is asked for."""
    with psycopg.connect(_url(settings)) as connection:
        return connection.execute("select 1 from serving.backtests where finished_at is null").fetchone() is not None


def _url(settings: Settings) -> str:
    if settings.postgres_pipelines_url is None:
        raise SettingsError("AGORA_POSTGRES_PIPELINES_URL: is needed to test rules")
    return settings.postgres_pipelines_url


def _answer_one(settings: Settings, connection: psycopg.Connection, rule: str | None) -> Result | None:
    row = connection.execute(_WAITING, {"rule": rule}).fetchone()
    if row is None:
        return None
    backtest_id, expression, days = row
    try:
        result = look_back(settings, expression, days)
    except WordsNeeded as error:
        result = Result(problem=str(error))
    values = {name: getattr(result, name) for name in Result.__dataclass_fields__}
    values |= {"overlap": Jsonb(dict(result.overlap)), "by_week": Jsonb([list(each) for each in result.by_week])}
    connection.execute(_ANSWER, values | {"backtest_id": backtest_id})
    connection.commit()
    return result


def look_back(settings: Settings, expression: str, days: int = DAYS, now: datetime | None = None) -> Result:
    """Ask a condition in CEL about every text of the last `days`. Raises WordsNeeded."""
    if _BODY.search(expression):
        raise WordsNeeded("It reads the words themselves, which never leave the shop: watch it in the shadow.")
    since = (now or datetime.now(UTC)) - timedelta(days=days)
    told = _judged(settings, since)
    # Events of before facts were told have none.
    judged = told.filter(pl.col("length").is_not_null())
    said = _says(expression, judged)
    hits = judged.filter(pl.Series([each is True for each in said], dtype=pl.Boolean))
    found = _summed(judged.height, hits, _decided(settings))
    return replace(found, unseen=told.height - judged.height, failed=said.count(None))


def _judged(settings: Settings, since: datetime) -> pl.DataFrame:
    columns = ("occurred_at", "subject_id", "customer_id", "spoke", *_FACTS)
    found = frames.events(TextJudged.type, columns, settings)
    return found.filter(pl.col("occurred_at") >= since)


def _says(expression: str, judged: pl.DataFrame) -> list[bool | None]:
    program = cel.compile(expression)
    return [_holds(program, row) for row in judged.select(_FACTS).iter_rows(named=True)]


def _holds(program: cel.Program, row: Mapping[str, Any]) -> bool | None:
    context = cel.Context()
    context.add_variable("text", {name: row[name] for name in _TEXT})
    context.add_variable("author", {"age_days": row["age_days"]})
    context.add_variable("model", {"toxicity": row["toxicity"]})
    context.add_variable("place", {name: row[name] for name in _PLACE})
    try:
        return program.execute(context) is True
    except Exception:  # as where texts are judged: one that fails on a text says nothing
        return None


def _decided(settings: Settings) -> pl.DataFrame:
    """subject_id, effect of the last decision on each thing that was not taken back."""
    columns = ("subject_id", "decision_id", "effect", "occurred_at")
    undone = frames.events(DecisionUndone.type, ("decision_id",), settings)
    made = frames.events(CaseDecided.type, columns, settings).join(undone, on="decision_id", how="anti")
    judged = made.filter(pl.col("effect").is_in(["stand", "fall"])).sort("occurred_at")
    return judged.unique("subject_id", keep="last").select("subject_id", "effect")


def _summed(texts: int, hits: pl.DataFrame, decided: pl.DataFrame) -> Result:
    by_person = hits.drop_nulls("customer_id").group_by("customer_id").len()["len"]
    effects = hits.select("subject_id").unique().join(decided, on="subject_id")["effect"]
    others = [_others(spoke) for spoke in hits["spoke"]]
    weeks = hits.group_by(week=pl.col("occurred_at").dt.truncate("1w").dt.date()).len().sort("week")
    return Result(
        texts=texts,
        hits=hits.height,
        people=by_person.len(),
        most_by_one=int(by_person.max() or 0),  # type: ignore[arg-type]
        removed=int((effects == "fall").sum()),
        stood=int((effects == "stand").sum()),
        alone=sum(not each for each in others),
        overlap=dict(Counter(name for each in others for name in each).most_common(20)),
        by_week=tuple((week.isoformat(), count) for week, count in weeks.iter_rows()),
    )


def _others(spoke: Any) -> set[str]:
    return {each["rule"] for each in _each(spoke) if not each["is_shadow"]}


def _each(spoke: Any) -> Iterator[Mapping[str, Any]]:
    yield from spoke if spoke is not None else ()
