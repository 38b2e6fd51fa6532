"""Experiments: defined as data, started and stopped by who may, never changed once they ran."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader
from api.domains.recommendations.domain.experiments import Experiment, Variant
from api.domains.recommendations.errors import (
    AnotherRuns,
    ExperimentExists,
    ExperimentNotFound,
    NotADraft,
    NotRunning,
)
from api.domains.recommendations.repository import experiments as repository
from api.domains.recommendations.schemas import ExperimentWrite


async def every(reader: Reader) -> Sequence[Experiment]:
    """All of them, the newest first."""
    return await repository.every(reader)


async def define(session: AsyncSession, wish: ExperimentWrite, by: UUID) -> Experiment:
    """Keep a draft. Raises ExperimentExists."""
    variants = tuple(Variant(each.name, each.share, each.parameters) for each in wish.variants)
    draft = Experiment(wish.experiment_id, wish.hypothesis, wish.surface, wish.unit, variants, "draft")
    if not await repository.define(session, draft, by):
        raise ExperimentExists
    await record_act(session, by, "experiments.define", f"experiment:{draft.experiment_id}")
    return draft


async def start(session: AsyncSession, experiment_id: str, by: UUID) -> Experiment:
    """Let it assign people. Raises ExperimentNotFound, NotADraft, AnotherRuns."""
    if (await _locked(session, experiment_id)).status != "draft":
        raise NotADraft
    if not await repository.start(session, experiment_id):
        raise AnotherRuns
    await record_act(session, by, "experiments.start", f"experiment:{experiment_id}")
    return await _locked(session, experiment_id)


async def stop(session: AsyncSession, experiment_id: str, outcome: str, by: UUID) -> Experiment:
    """Let it assign nobody any more; everybody sees the usual again. Raises ExperimentNotFound, NotRunning."""
    if (await _locked(session, experiment_id)).status != "running":
        raise NotRunning
    await repository.stop(session, experiment_id, outcome)
    await record_act(session, by, "experiments.stop", f"experiment:{experiment_id}", outcome=outcome)
    return await _locked(session, experiment_id)


async def _locked(session: AsyncSession, experiment_id: str) -> Experiment:
    found = await repository.locked(session, experiment_id)
    if found is None:
        raise ExperimentNotFound
    return found
