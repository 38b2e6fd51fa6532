"""The desk of rules: what holds, what it did, what it would say, and the forms to change it."""

import re
from typing import Annotated

from fastapi import Depends, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import Invalid, validation_errors
from api.core.rendering import render
from api.core.routing import Router
from api.domains.moderation.contracts import KINDS, Kind, State
from api.domains.moderation.domain.facts import MEANINGS
from api.domains.moderation.domain.rules import reads_words
from api.domains.moderation.errors import BacktestNeeded, InvalidRule, RuleChanged, ShadowNeeded
from api.domains.moderation.schemas import NAME, RuleWrite
from api.domains.moderation.service import judging, policies, rules

router = Router(prefix="/operate/rules")
Keeper = Annotated[Principal, Depends(require("rules.manage"))]
Name = Annotated[str, Path(pattern=NAME)]
Text = Annotated[str, Form(max_length=1000)]
OUTCOMES = {"hold": "Hold it until somebody has looked", "reject": "Refuse it", "allow": "Nothing, only count it"}
STATES = {"draft": "Draft", "shadow": "In the shadow", "active": "In force", "retired": "Retired"}
ACTS = {"shadow": "Watch it in the shadow", "active": "Put it in force", "retired": "Retire it"}
VERDICTS = {"allow": "It would stand at once", "hold": "It would be held", "reject": "It would be refused"}
FIELDS = ("name", "expression", "outcome", "policy", "explanation")
SAID = {
    "name": "Two to fifty small letters, digits and hyphens, such as new-account-links.",
    "expression": "Write a condition of up to 500 characters.",
    "policy": "Choose the policy that the author is told.",
    "explanation": "Say what it is for, in up to 500 characters.",
    "outcome": "Choose what follows.",
}


@router.get("")
async def show_rules(
    request: Request,
    _visitor: VisitorDep,
    _: Keeper,
    reader: ReadDep,
    text: Annotated[str, Query(max_length=4000)] = "",
    kind: Kind = "comment",
) -> Response:
    """Every rule, and with `text` what they would say of it."""
    trial = await judging.try_out(reader, text, kind) if text else None
    found = await rules.list_rules(reader)
    return render(
        request,
        "operate_rules.html",
        rules=found,
        trial=trial,
        text=text,
        kind=kind,
        kinds=KINDS,
        meanings=MEANINGS,
        states=STATES,
        outcomes=OUTCOMES,
        said=VERDICTS,
    )


@router.get("/new")
async def show_new(request: Request, _visitor: VisitorDep, _: Keeper, reader: ReadDep) -> Response:
    """An empty form."""
    return await _form(request, reader, "", {}, {})


@router.post("/new")
async def add(
    request: Request,
    _visitor: VisitorDep,
    keeper: Keeper,
    _: CsrfDep,
    session: SessionDep,
    name: Text = "",
    expression: Text = "",
    outcome: Text = "",
    policy: Text = "",
    explanation: Text = "",
) -> Response:
    """A new rule as a draft; or the form again with what is wrong."""
    typed = {"name": name, "expression": expression, "outcome": outcome, "policy": policy, "explanation": explanation}
    return await _keep(request, session, keeper, name, typed)


@router.get("/{name}")
async def show_rule(request: Request, name: Name, _visitor: VisitorDep, _: Keeper, reader: ReadDep) -> Response:
    """One rule with its versions."""
    return await _form(request, reader, name, {}, {})


@router.post("/{name}")
async def write(
    request: Request,
    name: Name,
    _visitor: VisitorDep,
    keeper: Keeper,
    _: CsrfDep,
    session: SessionDep,
    was_version: Annotated[int, Form(ge=1, lt=2**31 - 1)],
    expression: Text = "",
    outcome: Text = "",
    policy: Text = "",
    explanation: Text = "",
) -> Response:
    """New words for a rule, which make it a draft again; or the form again with what is wrong."""
    typed = {"expression": expression, "outcome": outcome, "policy": policy, "explanation": explanation}
    return await _keep(request, session, keeper, name, typed, was_version)


@router.post("/{name}/state")
async def set_state(
    request: Request,
    name: Name,
    _visitor: VisitorDep,
    keeper: Keeper,
    _: CsrfDep,
    session: SessionDep,
    state: Annotated[State, Form()],
    was_version: Annotated[int, Form(ge=1, lt=2**31 - 1)],
) -> Response:
    """Put it into the shadow or in force, or retire it."""
    try:
        await rules.set_state(session, keeper.customer_id, name, state, was_version)
    except (RuleChanged, BacktestNeeded, ShadowNeeded) as error:
        return await _form(request, session, name, {}, {"state": f"{error.title}."}, 409)
    return RedirectResponse(f"/operate/rules/{name}", status.HTTP_303_SEE_OTHER)


@router.post("/{name}/backtest")
async def ask_backtest(name: Name, _visitor: VisitorDep, keeper: Keeper, _: CsrfDep, session: SessionDep) -> Response:
    """Have it found out what the rule would have done."""
    await rules.ask_backtest(session, keeper.customer_id, name)
    return RedirectResponse(f"/operate/rules/{name}#backtest", status.HTTP_303_SEE_OTHER)


async def _keep(
    request: Request,
    session: AsyncSession,
    keeper: Principal,
    name: str,
    typed: dict[str, str],
    was_version: int = 0,
) -> Response:
    words = {each: said for each, said in typed.items() if each != "name"}
    known = name if was_version else ""
    if not re.fullmatch(NAME, name) or name == "new":
        return await _form(request, session, known, typed, {"name": SAID["name"]}, 422)
    try:
        asked = RuleWrite.model_validate(words | {"was_version": was_version})
        await rules.write(session, keeper.customer_id, name, **asked.model_dump())
    except ValidationError as error:
        wrong = {each["field"]: SAID[each["field"]] for each in validation_errors(error.errors())}
        return await _form(request, session, known, typed, wrong, 422)
    except InvalidRule as error:
        wrong = {"expression": error.extra["errors"][0]["reason"]}
        return await _form(request, session, known, typed, wrong, 422)
    except Invalid:
        return await _form(request, session, known, typed, {"policy": SAID["policy"]}, 422)
    except RuleChanged as error:
        wrong = {"state": f"{error.title}."} if known else {"name": "There is a rule of this name."}
        return await _form(request, session, known, typed, wrong, 409)
    return RedirectResponse(f"/operate/rules/{name}", status.HTTP_303_SEE_OTHER)


async def _form(
    request: Request, reader: Reader, name: str, typed: dict[str, str], errors: dict[str, str], code: int = 200
) -> Response:
    """The form of a rule: as it was typed, or as the rule stands. Raises RuleNotFound."""
    versions = await rules.versions(reader, name) if name else []
    standing = {each: str(getattr(versions[0], each, "")) if versions else "" for each in FIELDS}
    return render(
        request,
        "operate_rule.html",
        code,
        name=name,
        versions=versions,
        is_of_words=bool(versions) and reads_words(versions[0].expression),
        backtest=await rules.backtest(reader, name) if name else None,
        typed=standing | typed,
        errors=errors,
        outcomes=OUTCOMES,
        states=STATES,
        acts=ACTS,
        policies=await policies.list_policies(reader),
        meanings=MEANINGS,
    )
