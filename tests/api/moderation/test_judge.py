"""The verdict before something is published: by which rule, and that the blocked words are data."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Verdict
from api.domains.moderation.domain import ALLOWED, judge_text


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("Fine. Would buy again!", None),
        ("see https://a.b", "link"),
        ("shop at cheap.xyz", "link"),
        ("soooooooooo", "repeated-character"),
        ("What a SWINDLE this is", "blocked-term"),
        ("The swindler of Oz", None),
    ],
)
def test_the_first_rules(words: str, rule: str | None) -> None:
    assert judge_text(words, ["swindle"]) == (Verdict("hold", rule) if rule else ALLOWED)


def test_where_links_belong_they_are_no_reason() -> None:
    assert judge_text("see https://a.b", may_link=True) == ALLOWED
    assert judge_text("see https://a.b, swindle", ["swindle"], may_link=True).rule == "blocked-term"


async def test_blocked_words_are_data(session: AsyncSession) -> None:
    assert (await moderation.judge(session, "a swindle")).status == "published"
    await session.execute(text("SET LOCAL ROLE NONE"))
    assert (await moderation.judge(session, "see www.example.org")) == Verdict("hold", "link")
