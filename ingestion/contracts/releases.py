"""Released contracts: one JSON Schema per type and version, kept in the tree and never changed again.

A contract is checked against its last release: incompatible changes are refused, compatible ones need a new version.
"""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from ingestion.contracts.compatibility import differences, is_same
from ingestion.contracts.envelope import EVENT_TYPES
from ingestion.contracts.schema import Schema, data_schema

FOLDER = Path(__file__).parent / "released"


class NotReleasable(ValueError):
    """Contracts that may not be released as they are; the message has a line for each."""


def released(folder: Path = FOLDER) -> dict[str, list[Schema]]:
    """The releases of each type in the order of their versions."""
    found: dict[str, list[Schema]] = defaultdict(list)
    for path in folder.glob("*.json"):
        schema = orjson.loads(path.read_bytes())
        found[schema["title"]].append(schema)
    return {name: sorted(schemas, key=lambda schema: schema["x-version"]) for name, schemas in sorted(found.items())}


def problems(contracts: dict[str, Schema] | None = None, folder: Path = FOLDER) -> list[str]:
    """What keeps the contracts (all declared ones, else these) from being used; nothing where all is well."""
    now, there = _now(contracts), released(folder)
    found = [
        f"{name}: is released and has no contract; what was sent still lies in the lake"
        for name in there
        if name not in now
    ]
    for name, schemas in there.items():
        for old, new in pairwise(schemas):
            found += [f"{name}: version {new['x-version']} broke readers: {line}" for line in differences(old, new)]
    for name, schema in now.items():
        found += _against_last(name, schema, there[name][-1]) if name in there else [_unreleased(name, schema)]
    return found


def release(contracts: dict[str, Schema] | None = None, folder: Path = FOLDER) -> list[str]:
    """Write what is new; returns `type version` of each. Raises NotReleasable, and then has written nothing."""
    now, there = _now(contracts), released(folder)
    fresh = {
        name: schema
        for name, schema in now.items()
        if name not in there or schema["x-version"] == there[name][-1]["x-version"] + 1
    }
    refused = []
    for name, schema in now.items():
        if name not in there:
            refused += (
                [] if schema["x-version"] == 1 else [f"{name}: the first version is 1, not {schema['x-version']}"]
            )
        elif name in fresh:
            refused += [f"{name}: {line}" for line in differences(there[name][-1], schema)]
        else:
            refused += _against_last(name, schema, there[name][-1])
    if refused:
        raise NotReleasable("\n".join(refused))
    folder.mkdir(exist_ok=True)
    for name, schema in fresh.items():
        path = folder / f"{name}.v{schema['x-version']}.json"
        path.write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return [f"{name} {schema['x-version']}" for name, schema in fresh.items()]


def _now(contracts: dict[str, Schema] | None) -> dict[str, Any]:
    return {name: data_schema(EVENT_TYPES[name]) for name in sorted(EVENT_TYPES)} if contracts is None else contracts


def _against_last(name: str, schema: Schema, last: Schema) -> list[str]:
    version, newest = schema["x-version"], last["x-version"]
    if broken := differences(last, schema):
        return [f"{name}: {line}" for line in broken]
    if version not in {newest, newest + 1}:
        return [f"{name}: is version {version}, and the last release is {newest}"]
    if version == newest + 1:
        return [_unreleased(name, schema)]
    if not is_same(last, schema):
        return [f"{name}: has changed since version {newest}; make it version {newest + 1}"]
    return []


def _unreleased(name: str, schema: Schema) -> str:
    return f"{name}: version {schema['x-version']} is not released; `agora contracts release` does that"
