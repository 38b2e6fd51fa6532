"""The review queue: what waits, one case, and the forms with which it is decided."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from babel import Locale
from fastapi import Depends, Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import AppError
from api.core.rendering import render
from api.core.routing import Router
from api.domains.moderation.contracts.cases import CASE_KINDS, Act, CaseKind, Filter, Origin
from api.domains.moderation.domain.cases import AGAINST, DECISIONS
from api.domains.moderation.errors import CaseDecided, CaseTaken, DecisionStands, MayNotDecide
from api.domains.moderation.service import cases, deciding, people, policies, statements

router = Router(prefix="/operate")
Moderator = Annotated[Principal, Depends(require("cases.decide"))]
Words = Annotated[str, Form(max_length=5000)]
ORIGINS = {
    "hold": "Held",
    "report": "Reported",
    "signal": "Signal",
    "appeal": "Appeal",
    "initiative": "By a moderator",
    "refusal": "Refused by a rule",
}
SEVERITIES = {3: "Urgent", 2: "Grave", 1: "Usual", 0: "Minor"}
VERBS: dict[Act, str] = {
    "approve": "Let it stand",
    "dismiss": "Nothing is wrong",
    "remove": "Take it away",
    "confirm": "It is as it seems",
    "uphold": "The decision stands",
    "overturn": "The decision was wrong",
}
DONE: dict[str, str] = {
    "approve": "let it stand",
    "dismiss": "found nothing wrong",
    "remove": "took it away",
    "confirm": "confirmed it",
    "uphold": "upheld the decision",
    "overturn": "overturned the decision",
    "withdraw": "author took it away",
    "reject": "refused it",
}
REFUSALS = (CaseDecided, CaseTaken, DecisionStands, MayNotDecide)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the queue asks for."""

    origin: str
    kind: str
    community: str
    severity: str
    language: str
    whose: str

    def filter(self, moderator: UUID) -> Filter:
        """What is to be found; what is no choice of the form is left out."""
        origin: Origin | None = self.origin if self.origin in DECISIONS else None  # type: ignore[assignment]
        kind: CaseKind | None = self.kind if self.kind in CASE_KINDS else None  # type: ignore[assignment]
        severity = int(self.severity) if self.severity in ("0", "1", "2", "3") else None
        mine = moderator if self.whose == "mine" else None
        place, language = self.community.strip() or None, self.language or None
        return Filter(origin, kind, place, severity, language, mine, self.whose == "free")

    def query(self) -> str:
        """The same as an address, for the next page and the way back."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return urlencode({name: value for name, value in said.items() if value})


async def get_asked(
    origin: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    community: Annotated[str, Query(max_length=30)] = "",
    severity: Annotated[str, Query(max_length=2)] = "",
    language: Annotated[str, Query(max_length=3)] = "",
    whose: Annotated[str, Query(max_length=10)] = "",
) -> Asked:
    """The choices of the form above the queue."""
    return Asked(origin, kind, community, severity, language, whose)


AskedDep = Annotated[Asked, Depends(get_asked)]


@router.get("/cases")
async def show_queue(
    request: Request,
    asked: AskedDep,
    _visitor: VisitorDep,
    moderator: Moderator,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """What waits for a moderator, what is due first."""
    return await _queue(request, reader, moderator, asked, cursor)


async def _queue(
    request: Request,
    reader: Reader,
    moderator: Principal,
    asked: Asked,
    cursor: str | None = None,
    code: int = 200,
    wrong: str = "",
    told: str = "",
) -> Response:
    return render(
        request,
        "operate_cases.html",
        code,
        page=await cases.list_open(reader, asked.filter(moderator.customer_id), cursor, 30),
        asked=asked,
        me=moderator.customer_id,
        now=datetime.now(UTC),
        kinds=CASE_KINDS,
        origins={each: ORIGINS[each] for each in DECISIONS},
        severities=SEVERITIES,
        languages=[(each, Locale.parse(each).english_name) for each in await cases.languages(reader)],
        policies=await policies.list_policies(reader),
        wrong=wrong,
        told=told,
    )


@router.post("/cases")
async def decide_many(
    request: Request,
    asked: AskedDep,
    _visitor: VisitorDep,
    moderator: Moderator,
    _: CsrfDep,
    session: SessionDep,
    act: Annotated[Act, Form()],
    case_id: Annotated[list[UUID] | None, Form(max_length=50)] = None,
    note: Words = "",
    policy: Words = "",
) -> Response:
    """Decide all that were ticked alike; what could not be is told."""
    if not case_id:
        return await _queue(request, session, moderator, asked, None, 422, "Tick the cases that you decide.")
    try:
        ruling = deciding.Ruling(act, note, policy)
        done, passed = await deciding.decide_many(session, moderator.customer_id, case_id, ruling)
    except AppError as error:
        return await _queue(request, session, moderator, asked, None, error.status, _sentence(error))
    told = f"{len(done)} decided." + (f" {len(passed)} left: {next(iter(passed.values()))}" if passed else "")
    return await _queue(request, session, moderator, asked, told=told)


def _is_unsaid(error: AppError) -> bool:
    return any(each["field"] == "note" for each in error.extra.get("errors") or [])


def _sentence(error: AppError) -> str:
    fields = error.extra.get("errors") or []
    if _is_unsaid(error):
        return "Say why, in up to 1,000 characters."
    said = "; ".join(f"{str(each['field']).replace('_', ' ')} {each['reason']}" for each in fields)
    return f"{said[:1].upper()}{said[1:]}." if said else f"{error.title}. {error.detail or ''}".strip()


@router.get("/cases/decided")
async def show_decided(
    request: Request,
    _visitor: VisitorDep,
    _: Moderator,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """What was decided, the latest first."""
    page = await cases.list_decided(reader, cursor, 50)
    return render(request, "operate_decided.html", page=page, origins=ORIGINS)


@router.get("/cases/{case_id}")
async def show_case(
    request: Request, case_id: UUID, _visitor: VisitorDep, moderator: Moderator, reader: ReadDep
) -> Response:
    """One case."""
    return await _case(request, reader, moderator, case_id)


async def _case(
    request: Request,
    reader: Reader,
    moderator: Principal,
    case_id: UUID,
    code: int = 200,
    wrong: str = "",
    typed: dict[str, str] | None = None,
    *,
    unsaid: bool = False,
) -> Response:
    case, said, decisions = await cases.get(reader, case_id)
    return render(
        request,
        "operate_case.html",
        code,
        case=case,
        reports=said,
        decisions=decisions,
        stated=await statements.of_appeal(reader, case),
        acts=[(each, VERBS[each], each in AGAINST) for each in DECISIONS.get(case.origin, ())],
        done=DONE,
        effects=statements.EFFECTS,
        origins=ORIGINS,
        severities=SEVERITIES,
        policies=await policies.list_policies(reader),
        weighs=await people.standing(reader, case.author_id) if case.author_id else None,
        me=moderator.customer_id,
        now=datetime.now(UTC),
        wrong=wrong,
        unsaid=unsaid,
        typed=typed or {},
    )


@router.post("/cases/{case_id}/decision")
async def decide(
    request: Request,
    case_id: UUID,
    _visitor: VisitorDep,
    moderator: Moderator,
    _: CsrfDep,
    session: SessionDep,
    act: Annotated[Act, Form()],
    note: Words = "",
    policy: Words = "",
    strike: Annotated[str, Form(max_length=5)] = "0",
    restrict_days: Annotated[str, Form(max_length=5)] = "0",
) -> Response:
    """Decide it; or the case again, with what somebody else decided first or what is wrong."""
    typed = {"note": note, "policy": policy, "strike": strike, "restrict_days": restrict_days}
    numbers = [int(each) if each.isascii() and each.isdecimal() else 0 for each in (strike, restrict_days)]
    against = numbers if act in AGAINST else [0, 0]
    try:
        await deciding.decide(session, moderator.customer_id, case_id, deciding.Ruling(act, note, policy, *against))
    except AppError as error:
        if error.status == 404:
            raise
        said, unsaid = _sentence(error), _is_unsaid(error)
        return await _case(request, session, moderator, case_id, error.status, said, typed, unsaid=unsaid)
    return RedirectResponse(f"/operate/cases/{case_id}", status.HTTP_303_SEE_OTHER)


@router.post("/cases/{case_id}/assignee")
async def assign(
    request: Request,
    case_id: UUID,
    _visitor: VisitorDep,
    moderator: Moderator,
    _: CsrfDep,
    session: SessionDep,
    verb: Annotated[str, Form(pattern="^(take|seize|release)$")],
) -> Response:
    """Take a case, take it out of another's hands, or give it back."""
    try:
        if verb == "release":
            await cases.release(session, moderator.customer_id, case_id)
        else:
            await cases.take(session, moderator.customer_id, case_id, is_forced=verb == "seize")
    except REFUSALS as error:
        return await _case(request, session, moderator, case_id, error.status, _sentence(error))
    return RedirectResponse(f"/operate/cases/{case_id}", status.HTTP_303_SEE_OTHER)


@router.post("/decisions/{decision_id}/undo")
async def undo(
    request: Request,
    decision_id: UUID,
    _visitor: VisitorDep,
    moderator: Moderator,
    _: CsrfDep,
    session: SessionDep,
    case_id: Annotated[UUID, Form()],
    note: Words = "",
) -> Response:
    """Take a decision back; or the case again, with why not."""
    try:
        await deciding.undo(session, moderator.customer_id, decision_id, note)
    except AppError as error:
        if error.status == 404:
            raise
        return await _case(request, session, moderator, case_id, error.status, _sentence(error))
    return RedirectResponse(f"/operate/cases/{case_id}", status.HTTP_303_SEE_OTHER)
