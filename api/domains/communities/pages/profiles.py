"""Somebody's page, and how one is called oneself."""

from fastapi import Request, Response

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.errors import AppError
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.domain import trust as rules
from api.domains.communities.pages.forms import Handle, Short, Words, go, typed, wrong_fields
from api.domains.communities.service import multis, people, profiles, trust, wanted

router = Router()


@router.get("/forum/u/{handle}")
@open_to_all
async def show_person(request: Request, handle: Handle, reader: ReadDep, visitor: VisitorDep) -> Response:
    """What somebody wrote, as far as the person looking may read it."""
    person, karma, posts, comments = await profiles.show(reader, handle, visitor)
    silence = await wanted.kind_of(reader, visitor.customer_id, person.customer_id) if visitor.customer_id else None
    return render(
        request,
        "person.html",
        person=person,
        karma=karma,
        posts=posts,
        comments=comments,
        silence=silence,
        sets=await multis.of_person(reader, person.customer_id, visitor.customer_id),
    )


@router.get("/forum/me")
async def show_own(request: Request, session: SessionDep, _visitor: VisitorDep, who: CurrentDep) -> Response:
    """How one is called, and what one says of oneself."""
    person = await people.ensure(session, who.customer_id)
    return render(request, "own_person.html", person=person, said=None, errors={})


@router.post("/forum/me")
async def change_own(
    request: Request,
    session: SessionDep,
    _visitor: VisitorDep,
    who: CurrentDep,
    _: CsrfDep,
    handle: Short = "",
    about: Words = "",
) -> Response:
    """Keep it; or the form again with what is wrong."""
    person = await people.ensure(session, who.customer_id)
    try:
        if handle and not person.is_handle_chosen and handle != person.handle:
            person = await people.choose(session, who.customer_id, handle)
        person = await people.describe(session, who.customer_id, typed(about))
    except AppError as error:
        wrong = {"handle": f"{error.title}."} if error.status == 409 else wrong_fields(error)
        said = {"handle": handle, "about": typed(about)}
        return render(request, "own_person.html", error.status, person=person, said=said, errors=wrong)
    return go(f"/forum/u/{person.handle}")


@router.get("/forum/trust")
async def show_trust(request: Request, reader: ReadDep, _visitor: VisitorDep, who: CurrentDep) -> Response:
    """How far one is trusted, where each point came from, and what the next level needs."""
    facts = await trust.facts_of(reader, who.customer_id)
    return render(request, "trust.html", facts=facts, level=rules.level(facts), score=rules.score(facts), rules=rules)
