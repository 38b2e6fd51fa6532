"""What changed between two versions of a text, paragraph by paragraph."""

from difflib import SequenceMatcher

from api.domains.moderation.contracts.policies import Change


def differences(before: str, after: str) -> list[tuple[Change, str]]:
    """Lines in order: `same` in both, `gone` from the first, `new` in the second; none are empty."""
    old, new = _lines(before), _lines(after)
    found: list[tuple[Change, str]] = []
    for op, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            found += [("same", line) for line in old[start:end]]
            continue
        found += [("gone", line) for line in old[start:end]]
        found += [("new", line) for line in new[new_start:new_end]]
    return found


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
