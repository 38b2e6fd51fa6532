"""A version as a folder of arrays that processes map into memory: read once from the database, shared by all workers.

What is mapped takes no memory of a process's own, comes from the page cache after a restart, and a version from before
is back at once. Nothing in a folder is executed: arrays are plain `.npy` files, and how they belong together is JSON.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from errno import EEXIST, ENOTEMPTY
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import orjson

from api.domains.recommendations.domain.opinion import Model
from ml.recommendations import serving

KEPT = 3
SHAPE = "shape.json"
# What may be put together again: the model, and the value objects of scoring.
_SCORING: dict[str, type] = {
    name: each for name, each in vars(serving).items() if isinstance(each, type) and is_dataclass(each)
}
_TYPES = _SCORING | {"Model": Model}


class NoSuchFolder(LookupError):
    """There is no folder, or it is of another release of this code, or was cut short."""


def store(folder: Path, model: Model) -> None:
    """Write the folder, whole or not at all; the oldest of the others go. Where it is there already, it stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(mkdtemp(prefix=".", dir=folder.parent))
    try:
        arrays: dict[int, np.ndarray] = {}
        shape = _apart(model, arrays)
        for number, array in enumerate(arrays.values()):
            np.save(new / f"{number}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (new / SHAPE).write_bytes(orjson.dumps(shape))
        new.chmod(0o755)
        _put(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _forget(folder)


def _put(new: Path, folder: Path) -> None:
    """Give the folder its name, unless a whole one has it; a broken one is moved away first, never a whole one."""
    while True:
        try:
            new.rename(folder)
        except OSError as error:
            if error.errno not in {ENOTEMPTY, EEXIST}:
                raise
        else:
            return
        try:
            open_mapped(folder)
        except NoSuchFolder:
            aside = Path(mkdtemp(prefix=".", dir=folder.parent))
            with suppress(FileNotFoundError):  # another process moved it
                folder.rename(aside / "broken")
            shutil.rmtree(aside, ignore_errors=True)
        else:
            return


def open_mapped(folder: Path) -> Model:
    """The model of a folder, its arrays read-only views of the files. Raises NoSuchFolder."""
    try:
        model = _together(orjson.loads((folder / SHAPE).read_bytes()), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoSuchFolder(str(folder)) from error
    if not isinstance(model, Model):
        raise NoSuchFolder(str(folder))
    os.utime(folder)
    return model


def _forget(kept: Path) -> None:
    """What other processes still map stays theirs: only its name goes."""
    others = [each for each in kept.parent.iterdir() if each != kept and not each.name.startswith(".")]
    for folder in sorted(others, key=_age, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process was quicker
        return 0.0


def _apart(value: Any, arrays: dict[int, np.ndarray]) -> Any:
    """`arrays` are those met so far, each once: the parts of a blend share their product ids."""
    if isinstance(value, np.ndarray):
        arrays.setdefault(id(value), value)
        return {"array": list(arrays).index(id(value))}
    if is_dataclass(value):
        held = {each.name: _apart(getattr(value, each.name), arrays) for each in fields(value)}
        return {"type": type(value).__name__, "held": held}
    if isinstance(value, Mapping):
        return {"mapping": {name: _apart(each, arrays) for name, each in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [_apart(each, arrays) for each in value]}
    return {"value": value}


def _together(shape: dict[str, Any], folder: Path) -> Any:
    match shape:
        case {"array": int(number)}:
            # As a plain array: each operation on a memmap object costs more.
            return np.asarray(np.load(folder / f"{number}.npy", mmap_mode="r", allow_pickle=False))
        case {"type": str(name), "held": dict(held)}:
            return _TYPES[name](**{field: _together(each, folder) for field, each in held.items()})
        case {"mapping": dict(held)}:
            return {name: _together(each, folder) for name, each in held.items()}
        case {"tuple": list(held)}:
            return tuple(_together(each, folder) for each in held)
    return shape["value"]
