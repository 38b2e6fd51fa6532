"""Whether a changed contract can still be read by everybody, and can read what is there already.

Readers of version n read n−1 and n+1. So a version may add fields that may be missing, and change words and marks;
whatever else somebody wants to say is another event type.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.contracts.schema import Schema

# What may change at any time: it is for people, and no reader decides by it.
_WORDS = frozenset({"$id", "$schema", "title", "description", "examples"})


def differences(released: Schema, now: Schema) -> list[str]:
    """Why readers of the one cannot read the other, one line each; nothing for schemas that are compatible."""
    found = list(_models("", released, now, released, now))
    if released["x-key"] != now["x-key"]:
        found.append(f"the key was {released['x-key']}: another one breaks the order of what was sent before")
    return found


def is_same(released: Schema, now: Schema) -> bool:
    """Whether both describe the same data, whatever words they use."""
    return bool(_bare(released) == _bare(now))


def _models(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before.keys() - after.keys():
        yield f"{path}{name} is gone: readers of before look for it"
    for name in after.keys() - before.keys():
        if name in needed_after:
            yield f"{path}{name} is new and has no default: events of before do not have it"
    for name in [name for name in before if name in after]:
        if name in needed_after - needed_before:
            yield f"{path}{name} could be missing, and no longer may"
        elif name in needed_before - needed_after:
            yield f"{path}{name} was always there, and may be missing now: readers of before need it"
        yield from _fields(f"{path}{name}", before[name], after[name], old_root, new_root)


def _fields(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    if "properties" in old and "properties" in new:
        yield from _models(f"{path}.", old, new, old_root, new_root)
        return
    if "items" in old and "items" in new:
        yield from _fields(f"{path}[]", old["items"], new["items"], old_root, new_root)
        old, new = ({name: value for name, value in each.items() if name != "items"} for each in (old, new))
    if _bare(old) != _bare(new):
        yield f"{path} was {_told(old)}, and is {_told(new)}"


def _resolved(field: Schema, root: Schema) -> Schema:
    reference = field.get("$ref")
    return root["$defs"][reference.rpartition("/")[2]] if reference else field


def _bare(value: Any) -> Any:
    """Without words and marks."""
    if isinstance(value, dict):
        return {
            name: _bare(inner)
            for name, inner in value.items()
            if not name.startswith("x-") and (name not in _WORDS or isinstance(inner, dict))
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _told(field: Schema) -> str:
    bare = _bare(field)
    return ", ".join(f"{name} {value}" for name, value in sorted(bare.items())) or "anything"
