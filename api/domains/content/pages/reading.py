"""Articles as everybody reads them, and their pictures."""

from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core import uploads
from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, Reader, SessionDep, transaction
from api.core.errors import AppError, NotFound
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.core.storage import FileMissing
from api.core.tracking import track
from api.domains.content.pages import linked
from api.domains.content.pages.writing import go, wrong_fields
from api.domains.content.service import articles, authors, reporting
from api.domains.moderation import facade as moderation
from ingestion.contracts.analytics import ArticleViewed

router = Router()
Slug = Annotated[str, Path(max_length=100, pattern="^[a-z0-9-]+$")]
Cursor = Annotated[str | None, Query(max_length=500)]
SHOWN = 20


@router.get("/articles")
@open_to_all
async def show_articles(request: Request, reader: ReadDep, _visitor: VisitorDep, cursor: Cursor = None) -> Response:
    """What was published last."""
    page = await articles.latest(reader, None, cursor, SHOWN)
    return render(request, "articles.html", page=page, creator=None)


@router.get("/articles/by/{slug}")
@open_to_all
async def show_creator(
    request: Request, slug: Slug, reader: ReadDep, _visitor: VisitorDep, cursor: Cursor = None
) -> Response:
    """What somebody published."""
    creator = await authors.by_slug(reader, slug)
    page = await articles.latest(reader, slug, cursor, SHOWN)
    return render(request, "articles.html", page=page, creator=creator)


@router.get("/articles/images/{image_id}/{size}.webp")
@open_to_all
@limited(None)
async def show_image(
    request: Request, image_id: UUID, size: Annotated[int, Path(gt=0, lt=10_000)], visitor: VisitorDep
) -> Response:
    """One size of a picture: for everybody once an article shows it, until then for its authors."""
    headers = {"cache-control": "private, max-age=300", "etag": f'"{image_id.hex}-{size}"'}
    async with transaction() as session:
        picture = await uploads.find(session, image_id)
        if picture is None or picture.state != "ready":
            raise FileMissing
        kind, _, kept_by = (picture.kept_by or "").partition(":")
        is_own = picture.owner_id == visitor.customer_id and picture.kept_by is None
        is_shown = kind == "article" and await articles.may_see_pictures(session, UUID(kept_by), visitor)
    if not (is_own or is_shown):
        raise FileMissing
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(await uploads.open_picture(image_id, size), media_type="image/webp", headers=headers)


@router.get("/articles/{slug}")
@open_to_all
async def show_article(
    request: Request, slug: Slug, reader: ReadDep, visitor: VisitorDep, background: BackgroundTasks
) -> Response:
    """An article; an earlier address of it leads on to the present one."""
    article = await articles.read(reader, slug)
    if article.slug != slug:
        return RedirectResponse(f"/articles/{article.slug}", status.HTTP_301_MOVED_PERMANENTLY)
    seen = ArticleViewed(
        anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, article_id=article.article_id
    )
    track(request, background, seen)
    return render(request, "article.html", article=article, linked=linked.document(article))


@router.get("/articles/{slug}/report")
async def show_report(
    request: Request, slug: Slug, reader: ReadDep, _visitor: VisitorDep, _person: CurrentDep
) -> Response:
    """The form with which readers report it."""
    return await _report_form(request, reader, slug, {"policy": "", "words": ""}, {})


@router.post("/articles/{slug}/report")
@limited("post")
async def report(
    request: Request,
    slug: Slug,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    policy: Annotated[str, Form(max_length=2000)] = "",
    words: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    """Report it; or the form again with what is wrong."""
    try:
        await reporting.report(session, person, slug, policy, words.replace("\r\n", "\n"))
    except AppError as error:
        if isinstance(error, NotFound):
            raise
        wrong = wrong_fields(error)
        wrong |= {"policy": "Choose what it goes against."} if "policy" in wrong else {}
        return await _report_form(request, session, slug, {"policy": policy, "words": words}, wrong, error.status)
    return go("/account/statements#reported")


async def _report_form(
    request: Request, reader: Reader, slug: str, said: dict[str, str], errors: dict[str, str], code: int = 200
) -> Response:
    subject = await reporting.to_report(reader, slug)
    policies = await moderation.list_policies(reader)
    return render(request, "report.html", code, subject=subject, policies=policies, typed=said, errors=errors)
