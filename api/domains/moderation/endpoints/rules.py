"""JSON of moderation: rules and what they would say."""

from typing import Annotated

from fastapi import Depends, Path

from api.core.auth import Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.moderation.contracts import RuleView
from api.domains.moderation.schemas import (
    NAME,
    BacktestAsk,
    BacktestOut,
    RuleOut,
    RuleState,
    RuleWrite,
    TrialOut,
    TrialWrite,
)
from api.domains.moderation.service import judging, rules

router = Router(prefix="/v1/operate/rules")
Keeper = Annotated[Principal, Depends(require("rules.manage"))]
Name = Annotated[str, Path(pattern=NAME)]


def _out(view: RuleView) -> RuleOut:
    return RuleOut.model_validate(view, from_attributes=True)


@router.get("")
async def list_rules(_: Keeper, reader: ReadDep) -> list[RuleOut]:
    """Every rule as it holds, with what it did in the last seven days."""
    return [_out(each) for each in await rules.list_rules(reader)]


@router.post("/try")
async def try_out(body: TrialWrite, _: Keeper, reader: ReadDep) -> TrialOut:
    """What would be said of a text; nothing is kept."""
    trial = await judging.try_out(reader, body.text, body.kind, may_link=body.may_link)
    said = trial.verdict
    return TrialOut(
        outcome=said.outcome, rule=said.rule, policy=said.policy, spoke=list(trial.spoke), facts=dict(trial.facts)
    )


@router.get("/{name}")
async def get_versions(name: Name, _: Keeper, reader: ReadDep) -> list[RuleOut]:
    """What became of one rule, the newest version first."""
    return [_out(each) for each in await rules.versions(reader, name)]


@router.put("/{name}")
async def write(name: Name, body: RuleWrite, keeper: Keeper, session: SessionDep) -> RuleOut:
    """A new rule, or new words for one. It acts on nobody until it is put in force."""
    said = body.model_dump()
    return _out(await rules.write(session, keeper.customer_id, name, **said))


@router.put("/{name}/state")
async def set_state(name: Name, body: RuleState, keeper: Keeper, session: SessionDep) -> RuleOut:
    """Put a rule into the shadow or in force, or retire it."""
    return _out(await rules.set_state(session, keeper.customer_id, name, body.state, body.was_version))


@router.get("/{name}/backtest")
async def get_backtest(name: Name, _: Keeper, reader: ReadDep) -> BacktestOut | None:
    """The last backtest of a rule, finished or not; null where none was asked for."""
    await rules.versions(reader, name)
    found = await rules.backtest(reader, name)
    return None if found is None else BacktestOut.model_validate(found, from_attributes=True)


@router.put("/{name}/backtest", status_code=202)
async def ask_backtest(name: Name, body: BacktestAsk, keeper: Keeper, session: SessionDep) -> BacktestOut:
    """Have it found out what the rule would have done; asking again meanwhile changes nothing."""
    found = await rules.ask_backtest(session, keeper.customer_id, name, body.days)
    return BacktestOut.model_validate(found, from_attributes=True)
