"""Rules of articles without a database: lengths, addresses, and what differs between two versions."""

import difflib
from collections.abc import Iterator

from api.core.slugs import slugify
from api.domains.content.contracts import DiffLine

LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_BODY, LONGEST_NAME = 200, 500, 200_000, 60
LONGEST_SLUG = 80
MOST_AUTHORS = 10
CONTEXT = 3  # shared lines shown around a change


def address_of(title: str) -> str:
    """A title as part of an address, cut between words."""
    slug = slugify(title)
    if len(slug) <= LONGEST_SLUG:
        return slug
    return slug[:LONGEST_SLUG].rpartition("-")[0] or slug[:LONGEST_SLUG]


def diff(before: str, after: str) -> list[DiffLine]:
    """What was taken from one text and added for another, line by line, with a few shared lines around.

    Longest matching blocks, as Python's `difflib` finds them.
    """
    return list(_diff(before.splitlines(), after.splitlines()))


def _diff(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > 2000)
    end = 0
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if group[0][1] > end:
            yield DiffLine("gap", "")
        for tag, first, last, new_first, new_last in group:
            if tag == "equal":
                yield from (DiffLine("same", line) for line in before[first:last])
                continue
            yield from (DiffLine("removed", line) for line in before[first:last])
            yield from (DiffLine("added", line) for line in after[new_first:new_last])
        end = group[-1][2]
    if 0 < end < len(before):
        yield DiffLine("gap", "")
