"""Conditions of rules: what they may say, what they see, and which of them has the say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.moderation.contracts import Verdict
from api.domains.moderation.domain.facts import MEANINGS, Facts, has_word_of, longest_run
from api.domains.moderation.domain.rules import Rule, check, speaking, verdict
from api.domains.moderation.errors import InvalidRule

HOLD = Rule("links", 1, "text.links > 0", "hold", "No advertising", "active")
REJECT = Rule("spam", 3, "text.links > 2", "reject", "No advertising", "active")
COUNT = Rule("counted", 1, "true", "allow", "None", "active")
SHADOW = Rule("toxic", 2, "model.toxicity >= 0.9", "reject", "Be civil", "shadow")


@pytest.mark.parametrize(
    "expression",
    [
        "text.links > 1 && author.age_days < 3",
        "text.body.matches('(?i)buy now') || place.kind == 'comment'",
        "text.capitals > 0.8 && text.length > 20",
        "model.toxicity >= 0.5 && !place.may_link",
    ],
)
def test_conditions_that_can_be_used(expression: str) -> None:
    check(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "1 to 500"),
        ("true" + " " * 500, "1 to 500"),
        ("text.links >", "Syntax error"),
        ("text.nothing > 1", "nothing"),
        ("secrets.key == ''", "secrets"),
        ("text.links", "true or false"),
        ("text.links > 'many'", ""),
        ("1 / text.length > 0", "zero"),
        ("[1, 2].all(x, [1, 2].all(y, x > y))", "walk lists"),
        ("text.body .  exists(c, true)", "walk lists"),
    ],
)
def test_conditions_that_are_refused_with_their_reason(expression: str, said: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        check(expression)
    assert said in refused.value.extra["errors"][0]["reason"]


def test_the_strictest_rule_has_the_say_and_shadows_are_only_named() -> None:
    rules = [COUNT, HOLD, REJECT, SHADOW]
    said = {count: verdict(speaking(rules, Facts("www.a.b " * count, "post", toxicity=0.95))) for count in (0, 1, 3)}
    assert said[0] == Verdict("allow", "counted", 1, "None", ("toxic",))
    assert said[1] == Verdict("hold", "links", 1, "No advertising", ("toxic",))
    assert said[3] == Verdict("reject", "spam", 3, "No advertising", ("toxic",))
    assert verdict([]) == Verdict("allow")


def test_a_rule_that_fails_on_a_text_loses_no_text() -> None:
    broken = Rule("broken", 1, "10 / text.length > 1", "reject", "x", "active")
    assert speaking([broken, HOLD], Facts("", "post")) == []


@given(st.text(max_size=200), st.floats(0, 1), st.booleans())
def test_every_name_has_a_value_for_any_text(body: str, toxicity: float, flag: bool) -> None:
    variables = Facts(body, "post", flag, 1.0, toxicity, flag).as_variables()
    assert {group: set(names) for group, names in MEANINGS.items()} == {k: set(v) for k, v in variables.items()}
    assert 0 <= variables["text"]["capitals"] <= 1  # type: ignore[operator]


def test_what_is_seen_of_a_text() -> None:
    seen = Facts("SEE https://example.org AND example.com @ada aaaaaaaa", "post").as_variables()["text"]
    assert (seen["links"], seen["mentions"], seen["longest_run"], seen["words"]) == (2, 1, 8, 6)
    assert longest_run("  \n") == 0
    assert has_word_of("What a SWINDLE", ["swindle"])
    assert not has_word_of("The swindler of Oz", ["swindle"])
