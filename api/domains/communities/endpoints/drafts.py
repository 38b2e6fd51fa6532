"""JSON of what people began to write, and of the pictures that they send in for it."""

from uuid import UUID

from api.core import uploads
from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.pictures import Upload
from api.core.routing import Router
from api.domains.communities.schemas import drafts as schemas
from api.domains.communities.service import drafts

router = Router(prefix="/v1/me", tags=["communities"])


@router.get("/drafts")
async def list_drafts(person: CurrentDep, reader: ReadDep) -> list[schemas.Draft]:
    """What you began to write, the latest first; fifty at most."""
    rows = await drafts.of_person(reader, person.customer_id)
    return [schemas.Draft.model_validate(each, from_attributes=True) for each in rows]


@router.get("/drafts/{draft_id}")
async def show_draft(draft_id: UUID, person: CurrentDep, reader: ReadDep) -> schemas.Draft:
    """One of them."""
    return schemas.Draft.model_validate(await drafts.get(reader, person.customer_id, draft_id), from_attributes=True)


@router.put("/drafts/{draft_id}")
async def keep_draft(
    draft_id: UUID, body: schemas.DraftWrite, person: CurrentDep, session: SessionDep
) -> schemas.Draft:
    """Keep it, under an id of your own making. What another window kept since is not overwritten: 409 tells of it."""
    begun = drafts.Begun(**body.model_dump(exclude={"community", "revision"}))
    kept = await drafts.keep(session, person, body.community, draft_id, body.revision, begun)
    return schemas.Draft.model_validate(kept, from_attributes=True)


@router.delete("/drafts/{draft_id}", status_code=204)
async def drop_draft(draft_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Forget it."""
    await drafts.drop(session, person.customer_id, draft_id)


@router.post("/pictures", status_code=201)
@limited("post")
async def begin_upload(body: schemas.PictureUpload, person: CurrentDep) -> Upload:
    """Ask for an address to PUT one file to; complete the upload afterwards, and name it in a post or an article."""
    return await uploads.begin(person.customer_id, body.content_type, body.size_bytes, body.alt)


@router.post("/pictures/{image_id}/complete")
async def complete_upload(image_id: UUID, person: CurrentDep) -> schemas.Picture:
    """Have the file looked at; what is no picture of the promised kind is removed and refused."""
    return schemas.Picture.model_validate(await uploads.complete(person.customer_id, image_id), from_attributes=True)


@router.get("/pictures/{image_id}")
async def show_picture(image_id: UUID, person: CurrentDep) -> schemas.Picture:
    """How one of your pictures stands."""
    return schemas.Picture.model_validate(await uploads.own(person.customer_id, image_id), from_attributes=True)
