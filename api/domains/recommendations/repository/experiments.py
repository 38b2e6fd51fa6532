"""Experiments as rows."""

from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.recommendations.domain.experiments import Experiment, Variant
from api.domains.recommendations.schemas import Parameters

Reader = AsyncConnection | AsyncSession

_COLUMNS = "experiment_id, hypothesis, surface, unit, variants, status, started_at, stopped_at, outcome"
_ALL = text(f"SELECT {_COLUMNS} FROM recommendations.experiments ORDER BY defined_at DESC")  # noqa: S608
_ONE = text(f"SELECT {_COLUMNS} FROM recommendations.experiments WHERE experiment_id = :experiment_id FOR UPDATE")  # noqa: S608
_RUNNING = text(f"SELECT {_COLUMNS} FROM recommendations.experiments WHERE status = 'running'")  # noqa: S608
_DEFINE = text("""
    INSERT INTO recommendations.experiments (experiment_id, hypothesis, surface, unit, variants, defined_by)
    VALUES (:experiment_id, :hypothesis, :surface, :unit, CAST(:variants AS jsonb), :defined_by)
    ON CONFLICT DO NOTHING
""")
_START = text("""
    UPDATE recommendations.experiments SET status = 'running', started_at = now() WHERE experiment_id = :experiment_id
""")
_STOP = text("""
    UPDATE recommendations.experiments SET status = 'stopped', stopped_at = now(), outcome = :outcome
    WHERE experiment_id = :experiment_id
""")


async def every(reader: Reader) -> list[Experiment]:
    """All of them, the newest first."""
    return [_experiment(row) for row in (await reader.execute(_ALL)).mappings()]


async def running(reader: Reader) -> list[Experiment]:
    """Those that assign people now."""
    return [_experiment(row) for row in (await reader.execute(_RUNNING)).mappings()]


async def locked(session: AsyncSession, experiment_id: str) -> Experiment | None:
    """One of them, which nobody else can change until the transaction ends."""
    row = (await session.execute(_ONE, {"experiment_id": experiment_id})).mappings().one_or_none()
    return None if row is None else _experiment(row)


async def define(session: AsyncSession, experiment: Experiment, by: UUID) -> bool:
    """Keep a draft; False where the name is taken."""
    variants = [
        {"name": each.name, "share": each.share, "parameters": each.parameters.model_dump(exclude_none=True)}
        for each in experiment.variants
    ]
    values = {
        "experiment_id": experiment.experiment_id,
        "hypothesis": experiment.hypothesis,
        "surface": experiment.surface,
        "unit": experiment.unit,
        "variants": orjson.dumps(variants).decode(),
        "defined_by": by,
    }
    return bool((await session.execute(_DEFINE, values)).rowcount)  # type: ignore[attr-defined]


async def start(session: AsyncSession, experiment_id: str) -> bool:
    """From now on it assigns; False where another one runs on its surface."""
    try:
        async with session.begin_nested():
            await session.execute(_START, {"experiment_id": experiment_id})
    except IntegrityError:
        return False
    return True


async def stop(session: AsyncSession, experiment_id: str, outcome: str) -> None:
    """It assigns nobody any more."""
    await session.execute(_STOP, {"experiment_id": experiment_id, "outcome": outcome})


def _experiment(row: RowMapping) -> Experiment:
    variants = tuple(
        Variant(each["name"], each["share"], Parameters.model_validate(each["parameters"])) for each in row["variants"]
    )
    return Experiment(**(dict(row) | {"variants": variants}))
