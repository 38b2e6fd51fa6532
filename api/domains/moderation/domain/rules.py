"""Rules as data: a condition in CEL (the Common Expression Language), what follows, and under which policy.

CEL has no loops without its macros, no assignment and no way out; its regular expressions take linear time. The macros
that walk lists are refused, so that no condition takes longer than its text is long.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cel

from api.domains.moderation.contracts import Outcome, State, Verdict
from api.domains.moderation.domain.facts import Facts
from api.domains.moderation.errors import InvalidRule

LONGEST = 500
_STRICTEST: tuple[Outcome, ...] = ("reject", "hold", "allow")
_BODY = re.compile(r"\bbody\b")
_WALKS = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
# A condition has to give yes or no for the empty text as well as for a long one.
_SAMPLES = (
    Facts("", "comment"),
    Facts("HELLO @ada see https://example.org/ " * 20, "post", True, 900.5, 0.97, True),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule. Where several speak the strictest outcome holds, and of those the first by name."""

    name: str
    version: int
    expression: str
    outcome: Outcome
    policy: str
    state: State


@lru_cache(maxsize=512)
def compiled(expression: str) -> cel.Program:
    """A condition that can be asked. Raises InvalidRule with the place where it goes wrong."""
    if not expression.strip() or len(expression) > LONGEST:
        raise InvalidRule(f"takes 1 to {LONGEST} characters")
    if _WALKS.search(expression):
        raise InvalidRule("may not walk lists: all, exists, map and filter are not there")
    try:
        return cel.compile(expression)
    except ValueError as error:
        raise InvalidRule(_first_line(error)) from None


def reads_words(expression: str) -> bool:
    """Whether a condition reads the words themselves, so that only the shop can ask it: they are in no event."""
    return _BODY.search(expression) is not None


def check(expression: str) -> None:
    """Raises InvalidRule unless the condition says yes or no for any text."""
    program = compiled(expression)
    for sample in _SAMPLES:
        try:
            said = program.execute(_context(sample))
        except Exception as error:
            raise InvalidRule(_first_line(error)) from None
        if not isinstance(said, bool):
            raise InvalidRule(f"has to say true or false, not {said!r}")


def speaking(rules: Iterable[Rule], facts: Facts) -> list[Rule]:
    """The rules whose condition holds, the strictest first.

    One that fails on this text says nothing: it was tried when it was made, so that this is rare, and a text may not
    be lost for it.
    """
    context = _context(facts)
    found = [rule for rule in rules if _holds(rule, context)]
    return sorted(found, key=lambda rule: (_STRICTEST.index(rule.outcome), rule.name))


def verdict(speaking_rules: Iterable[Rule]) -> Verdict:
    """What the active rules among those that spoke make of it; the shadowed ones are only named."""
    spoke = list(speaking_rules)
    shadow = tuple(rule.name for rule in spoke if rule.state == "shadow")
    first = next((rule for rule in spoke if rule.state == "active"), None)
    if first is None:
        return Verdict("allow", shadow=shadow)
    return Verdict(first.outcome, first.name, first.version, first.policy, shadow)


def _holds(rule: Rule, context: cel.Context) -> bool:
    try:
        return compiled(rule.expression).execute(context) is True
    except Exception:
        return False


def _context(facts: Facts) -> cel.Context:
    context = cel.Context()
    for name, value in facts.as_variables().items():
        context.add_variable(name, value)
    return context


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("Failed to parse expression ")[:300]
