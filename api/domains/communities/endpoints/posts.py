"""JSON of posts."""

from uuid import UUID

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.markdown import to_html
from api.core.routing import Router
from api.domains.communities import schemas
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Slug
from api.domains.communities.service import moderating, posts, reporting, votes

router = Router(prefix="/v1", tags=["communities"])


@router.post("/communities/{slug}/posts", status_code=201)
@limited("post")
async def write_post(slug: Slug, body: schemas.PostCreate, person: CurrentDep, session: SessionDep) -> schemas.Post:
    """Post something; it may be looked at before others see it."""
    draft = posts.Draft(**body.model_dump())
    return shapes.post(await posts.write(session, person, slug, draft))


@router.get("/posts/{post_id}")
@open_to_all
async def show_post(post_id: UUID, reader: ReadDep, visitor: VisitorDep) -> schemas.Post:
    """A post; of a removed or deleted one only that it was there."""
    return shapes.post(await posts.get(reader, post_id, visitor))


@router.put("/posts/{post_id}")
@limited("post")
async def edit_post(post_id: UUID, body: schemas.PostUpdate, person: CurrentDep, session: SessionDep) -> schemas.Post:
    """Other words for a post of your own; the old ones are kept."""
    return shapes.post(await posts.edit(session, person, post_id, body.title, body.body))


@router.delete("/posts/{post_id}", status_code=204)
async def delete_post(post_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Take a post of your own away for good; its answers stay."""
    await posts.delete(session, person, post_id)


@router.get("/posts/{post_id}/revisions")
@open_to_all
async def list_post_revisions(post_id: UUID, reader: ReadDep, visitor: VisitorDep) -> list[schemas.Revision]:
    """What it said before, the newest first."""
    rows = await posts.revisions(reader, post_id, visitor)
    return [schemas.Revision.model_validate(each, from_attributes=True) for each in rows]


@router.put("/posts/{post_id}/vote")
async def vote_on_post(post_id: UUID, body: schemas.Vote, person: CurrentDep) -> schemas.Post:
    """Your vote from now on."""
    return shapes.post(await votes.vote_on_post(person, post_id, body.value))


@router.put("/posts/{post_id}/choice")
async def choose(post_id: UUID, body: schemas.Choice, person: CurrentDep, session: SessionDep) -> schemas.Post:
    """Your choice in a poll from now on."""
    return shapes.post(await posts.choose(session, person, post_id, body.option_number))


@router.post("/posts/{post_id}/moderation")
async def moderate_post(
    post_id: UUID, body: schemas.PostModeration, person: CurrentDep, session: SessionDep
) -> schemas.Post:
    """Remove, restore, approve, reject, lock or unlock it: moderators do."""
    return shapes.post(await moderating.on_post(session, person, post_id, body.act, body.reason))


@router.put("/posts/{post_id}/report", status_code=204)
@limited("post")
async def report_post(post_id: UUID, body: schemas.Report, person: CurrentDep, session: SessionDep) -> None:
    """Report it to moderators; your next report of it replaces this one."""
    subject = await reporting.post_to_report(session, person, post_id)
    await reporting.report(session, person, subject, body.policy, body.words)


@router.post("/markdown")
async def preview(body: schemas.Preview, _: CurrentDep) -> schemas.Previewed:
    """What Markdown will look like."""
    return schemas.Previewed(html=to_html(body.body))
