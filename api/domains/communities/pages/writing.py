"""Writing a post: the form, what it will look like, what is kept of it meanwhile, and its picture."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from api.core import uploads
from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, Principal, Visitor, VisitorDep
from api.core.db import ReadDep, SessionDep, transaction
from api.core.errors import AppError, NotFound
from api.core.limits import limited
from api.core.markdown import to_html
from api.core.pictures import LARGEST, bounded_form, file_type
from api.core.rendering import render
from api.core.routing import Router
from api.core.storage import FileMissing
from api.domains.communities.contracts import CommunityView, DraftView
from api.domains.communities.pages.forms import Slug, go, typed, wrong_fields
from api.domains.communities.schemas.drafts import product_number
from api.domains.communities.service import access, drafts, posts

router = Router()
FIELDS = ("kind", "title", "body", "url", "options")


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in the form, and which draft it is."""

    kind: str = "text"
    title: str = ""
    body: str = ""
    url: str = ""
    options: str = ""
    image_id: UUID | None = None
    draft_id: UUID | None = None
    revision: int = 0
    product_id: int | None = None
    is_owners_only: bool = False

    @classmethod
    def of(cls, draft: DraftView) -> "Said":
        """What was kept."""
        names = (*FIELDS, "image_id", "draft_id", "revision", "product_id", "is_owners_only")
        return cls(**{name: getattr(draft, name) for name in names})

    @classmethod
    def read(cls, form: FormData) -> "Said":
        """What was sent."""
        words = {name: typed(str(form.get(name, "")))[:100_000] for name in FIELDS}
        revision = str(form.get("revision", ""))
        return cls(
            **words | {"kind": words["kind"] or "text"},
            image_id=_id(form, "image_id"),
            draft_id=_id(form, "draft_id"),
            revision=int(revision) if revision.isdecimal() and len(revision) < 10 else 0,
            product_id=product_number(str(form.get("product_id", ""))),
            is_owners_only="is_owners_only" in form,
        )


def _id(form: FormData, name: str) -> UUID | None:
    try:
        return UUID(str(form.get(name, "")))
    except ValueError:
        return None


def _page(
    request: Request,
    community: CommunityView,
    said: Said,
    status: int = 200,
    errors: dict[str, str] | None = None,
    preview: str | None = None,
    kept: DraftView | None = None,
) -> Response:
    return render(
        request,
        "compose.html",
        status,
        draft_id=said.draft_id or uuid4(),
        community=community,
        said=said,
        errors=errors or {},
        preview=preview,
        kept=kept,
    )


@router.get("/forum/c/{slug}/submit")
async def show_writing(
    request: Request,
    slug: Slug,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: CurrentDep,
    kind: Annotated[Literal["text", "link", "image", "poll"], Query()] = "text",
    draft: Annotated[UUID | None, Query()] = None,
    product: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The form of a new post, or of one that was begun."""
    community, _ = await access.readable(reader, slug, person)
    if draft is None:
        return _page(request, community, Said(kind, product_id=product))
    kept = await drafts.get(reader, person.customer_id, draft)
    return _page(request, community, Said.of(kept), kept=kept)


# The length is checked before the form's token is, for that reads the whole form.
@router.post("/forum/c/{slug}/submit", dependencies=[Depends(bounded_form)])
@limited("post")
async def write(request: Request, slug: Slug, person: CurrentDep, _visitor: VisitorDep, _: CsrfDep) -> Response:
    """Post it; or look at it, or keep it first; or the form again with what is wrong."""
    form = await request.form()
    said, act = Said.read(form), str(form.get("act", "send"))
    async with transaction() as session:
        community, _place = await access.readable(session, slug, person)
    try:
        said = await _with_picture(form, person, said)
        async with transaction() as session:
            if act == "send":
                return go(f"/forum/posts/{await _send(session, person, slug, said)}")
            if act == "keep" or said.image_id is not None:  # a picture that nothing keeps would be forgotten
                kept = await _keep(session, person, slug, said)
                said = Said.of(kept)
    except AppError as error:
        if isinstance(error, NotFound):
            raise
        return _page(request, community, said, error.status, wrong_fields(error))
    if act == "keep":
        return go(f"/forum/c/{slug}/submit?draft={said.draft_id}")
    return _page(request, community, said, preview=to_html(said.body))


async def _with_picture(form: FormData, person: Principal, said: Said) -> Said:
    """What was said, with the picture that came with the form, if one did."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return said
    content = await file.read(LARGEST + 1)
    alt = str(form.get("alt", "")).strip()[: uploads.LONGEST_ALT]
    taken = await uploads.take_in(person.customer_id, content, file_type(file.file), alt)
    return replace(said, image_id=taken.image_id)


async def _send(session: AsyncSession, person: Principal, slug: str, said: Said) -> UUID:
    more = {name: getattr(said, name) for name in ("image_id", "draft_id", "product_id", "is_owners_only")}
    draft = posts.Draft(said.kind, said.title, said.body, said.url, said.options.split("\n"), **more)
    return (await posts.write(session, person, slug, draft)).post_id


async def _keep(session: AsyncSession, person: Principal, slug: str, said: Said) -> DraftView:
    begun = drafts.Begun(**{name: getattr(said, name) for name in drafts.Begun.__slots__})
    return await drafts.keep(session, person, slug, said.draft_id or uuid4(), said.revision, begun)


@router.get("/forum/drafts")
async def show_drafts(request: Request, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep) -> Response:
    """What one began to write."""
    return render(request, "drafts.html", drafts=await drafts.of_person(reader, person.customer_id))


@router.post("/forum/drafts/{draft_id}/delete")
async def drop_draft(draft_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Forget a draft."""
    await drafts.drop(session, person.customer_id, draft_id)
    return go("/forum/drafts")


@router.get("/forum/images/{image_id}/{size}.webp")
@open_to_all
@limited(None)
async def show_image(
    request: Request, image_id: UUID, size: Annotated[int, Path(gt=0, lt=10_000)], visitor: VisitorDep
) -> Response:
    """One size of a picture, for whoever reads its post; before it is posted, for whoever sent it in."""
    headers = {"cache-control": "private, max-age=300", "etag": f'"{image_id.hex}-{size}"'}
    await _check_sight(image_id, visitor)
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(await uploads.open_picture(image_id, size), media_type="image/webp", headers=headers)


async def _check_sight(image_id: UUID, visitor: Visitor) -> None:
    """Raises FileMissing, and PostNotFound for a post that is not for this person."""
    async with transaction() as session:
        picture = await uploads.find(session, image_id)
        if picture is None or picture.state != "ready":
            raise FileMissing
        kind, _, kept_by = (picture.kept_by or "").partition(":")
        if kind == "post":
            post = await posts.get(session, UUID(kept_by), visitor)
            if post.image_id != image_id:  # removed, so that its words and picture are not shown
                raise FileMissing
        elif picture.owner_id != visitor.customer_id:
            raise FileMissing
