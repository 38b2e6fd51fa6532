"""The desk of those who write: their articles, the editor, versions, co-authors."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from api.core import uploads
from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader, SessionDep, transaction
from api.core.errors import AppError, Invalid, NotFound
from api.core.limits import limited
from api.core.markdown import to_html
from api.core.pictures import LARGEST, bounded_form, file_type
from api.core.rendering import render
from api.core.routing import Router
from api.domains.content.contracts import OwnArticle
from api.domains.content.service import articles, authors, publishing
from api.domains.moderation import facade as moderation

router = Router()
Writer = Annotated[Principal, Depends(require("content.publish"))]
Short = Annotated[str, Form(max_length=500)]
HERE = "/create/articles"


def go(path: str) -> Response:
    """On to another page, after a form."""
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER)


def wrong_fields(error: AppError, of_words: str = "body") -> dict[str, str]:
    """Field → what is wrong with it; what is about no field stands under `form`.

    `of_words`: the field beside which it stands that the words were refused.
    """
    if isinstance(error, moderation.TextRefused):
        return {of_words: moderation.refusal(error) or ""}
    fields = error.extra.get("errors") or []
    said = {str(each["field"]): f"This {each['reason']}." for each in fields}
    return said or {"form": f"{error.title}. {error.detail or ''}".strip()}


@router.get(HERE)
async def show_own(request: Request, reader: ReadDep, _visitor: VisitorDep, person: Writer) -> Response:
    """What one writes, and is asked to write."""
    found = await articles.of_person(reader, person.customer_id)
    creator = await authors.find(reader, person.customer_id)
    return render(request, "own_articles.html", articles=found, creator=creator)


@router.get("/create/name")
async def show_name(request: Request, reader: ReadDep, _visitor: VisitorDep, person: Writer) -> Response:
    """Under which name one writes."""
    creator = await authors.find(reader, person.customer_id)
    return render(request, "creator_name.html", creator=creator, said=creator.name if creator else "", errors={})


@router.post("/create/name")
@limited("post")
async def choose_name(
    request: Request, person: Writer, _visitor: VisitorDep, _: CsrfDep, session: SessionDep, name: Short = ""
) -> Response:
    """Keep it; or the form again with what is wrong."""
    try:
        await authors.choose_name(session, person.customer_id, name)
    except AppError as error:
        wrong = wrong_fields(error)
        errors = {"name": next(iter(wrong.values()))}
        creator = await authors.find(session, person.customer_id)
        return render(request, "creator_name.html", error.status, creator=creator, said=name, errors=errors)
    return go(HERE)


@router.get(f"{HERE}/new")
async def begin(reader: ReadDep, person: Writer) -> Response:
    """A new article; whoever has no name yet chooses it first."""
    if await authors.find(reader, person.customer_id) is None:
        return go("/create/name")
    return go(f"{HERE}/{uuid4()}?new=true")


@router.get(f"{HERE}/{{article_id}}")
async def show_editor(
    request: Request,
    article_id: UUID,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: Writer,
    new: Annotated[bool, Query()] = False,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The editor."""
    try:
        article: OwnArticle | None = await articles.get_own(reader, person, article_id)
    except NotFound:
        if not new:
            raise
        article = None
    return await _editor(request, reader, person, article_id, article, done=done)


async def _editor(
    request: Request,
    reader: Reader,
    person: Principal,
    article_id: UUID,
    article: OwnArticle | None,
    said: articles.Words | None = None,
    code: int = 200,
    errors: dict[str, str] | None = None,
    preview: str | None = None,
    done: str = "",
) -> Response:
    if said is None:
        said = articles.Words()
        if article is not None:
            said = articles.Words(article.title, article.summary, article.body, article.image_id)
    return render(
        request,
        "article_editor.html",
        code,
        article_id=article_id,
        article=article,
        said=said,
        errors=errors or {},
        preview=preview,
        done=done,
        authors=await authors.of_article(reader, person, article_id) if article else [],
    )


# The length is checked before the form's token is, for that reads the whole form.
@router.post(f"{HERE}/{{article_id}}", dependencies=[Depends(bounded_form)])
@limited("post")
async def write(request: Request, article_id: UUID, person: Writer, _visitor: VisitorDep, _: CsrfDep) -> Response:
    """Keep the words; then look at them, bring them out, or set a time. What does not fit stands beside its field."""
    form = await request.form()
    act = str(form.get("act", "keep"))
    said, version = _said(form), _version(form)
    try:
        said = await _with_pictures(form, person, said)
        async with transaction() as session:
            kept = await articles.write(session, person, article_id, version, said)
        if act in ("publish", "schedule"):
            at = _time(str(form.get("publish_at", ""))) if act == "schedule" else None
            async with transaction() as session:
                kept = await publishing.publish(session, person, article_id, kept.version, at)
            return go(f"{HERE}/{article_id}?done={kept.state}")
        if act == "revision":
            async with transaction() as session:
                await articles.keep(session, person, article_id)
            return go(f"{HERE}/{article_id}?done=kept")
    except AppError as error:
        if isinstance(error, NotFound) or error.status not in (409, 422):
            raise
        return await _again(request, person, article_id, said, error)
    if act == "preview":
        async with transaction() as session:
            html = to_html(said.body, has_pictures=True, top_heading=2)
            return await _editor(request, session, person, article_id, kept, preview=html)
    return go(f"{HERE}/{article_id}?done=kept")


async def _again(
    request: Request, person: Principal, article_id: UUID, said: articles.Words, error: AppError
) -> Response:
    async with transaction() as session:
        own = await articles.of_person(session, person.customer_id)
        article = next((each for each in own if each.article_id == article_id), None)
        return await _editor(request, session, person, article_id, article, said, error.status, wrong_fields(error))


def _said(form: FormData) -> articles.Words:
    title, summary, body = (str(form.get(name, "")).replace("\r\n", "\n") for name in ("title", "summary", "body"))
    try:
        image_id = UUID(str(form.get("image_id", "")))
    except ValueError:
        image_id = None
    return articles.Words(title, summary, body, image_id)


def _version(form: FormData) -> int:
    version = str(form.get("version", ""))
    return int(version) if version.isdecimal() and len(version) < 10 else 0


def _time(typed: str) -> datetime:
    """What a browser's field for date and time holds; it knows no zone, and the page says that it is UTC."""
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise Invalid("publish_at", "is no date with a time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _with_pictures(form: FormData, person: Principal, said: articles.Words) -> articles.Words:
    """With a picture that came for the head, and one that came for the words, which stands at their end."""
    image_id, body = said.image_id, said.body
    for name in ("head", "picture"):
        file = form.get(name)
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        alt = str(form.get(f"{name}_alt", "")).strip()[: uploads.LONGEST_ALT]
        try:
            content = await file.read(LARGEST + 1)
            taken = await uploads.take_in(person.customer_id, content, file_type(file.file), alt)
        except AppError as error:
            reasons = wrong_fields(error)
            raise Invalid(name, (reasons.get("file") or next(iter(reasons.values()))).removeprefix("This ")) from error
        if name == "head":
            image_id = taken.image_id
        else:
            plain = alt.replace("[", "(").replace("]", ")")
            body = f"{body.rstrip()}\n\n![{plain}](/articles/images/{taken.image_id}/960.webp)\n".lstrip()
    return articles.Words(said.title, said.summary, body, image_id)


@router.post(f"{HERE}/{{article_id}}/withdraw")
async def withdraw(article_id: UUID, person: Writer, _: CsrfDep, session: SessionDep) -> Response:
    """Take back what is scheduled or held; where nothing is, the article is read no longer."""
    await publishing.withdraw(session, person, article_id)
    return go(f"{HERE}/{article_id}?done=withdrawn")


@router.post(f"{HERE}/{{article_id}}/delete")
async def delete(article_id: UUID, person: Writer, _: CsrfDep, session: SessionDep) -> Response:
    """Forget it."""
    await articles.delete(session, person, article_id)
    return go(HERE)


@router.get(f"{HERE}/{{article_id}}/history")
async def show_history(
    request: Request,
    article_id: UUID,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: Writer,
    revision: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    against: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Response:
    """Versions that were kept, and what one changed."""
    found = await articles.revisions(reader, person, article_id)
    shown = revision or (found[0].revision_number if found else None)
    lines = await articles.compare(reader, person, article_id, shown, against) if shown else []
    article = await articles.get_own(reader, person, article_id)
    return render(
        request, "article_history.html", article=article, revisions=found, shown=shown, against=against, lines=lines
    )


@router.post(f"{HERE}/{{article_id}}/restore")
async def restore(
    article_id: UUID, person: Writer, _: CsrfDep, session: SessionDep, revision: Annotated[int, Form(ge=1, lt=2**31)]
) -> Response:
    """Work on from an earlier version."""
    await articles.restore(session, person, article_id, revision)
    return go(f"{HERE}/{article_id}?done=restored")


@router.post(f"{HERE}/{{article_id}}/authors")
async def change_authors(
    request: Request,
    article_id: UUID,
    person: Writer,
    _visitor: VisitorDep,
    _: CsrfDep,
    creator: Short,
    act: Short = "invite",
) -> Response:
    """Ask somebody to write along, or part with them."""
    slug = creator.strip().lower().rsplit("/", 1)[-1]
    try:
        async with transaction() as session:
            if act == "drop":
                await authors.part_with(session, person, article_id, slug)
            else:
                await authors.invite(session, person, article_id, slug)
    except AppError as error:
        if error.type not in ("creator-not-found", "too-many-authors"):
            raise
        async with transaction() as session:
            article = await articles.get_own(session, person, article_id)
            wrong = {"creator": f"{error.title}."}
            return await _editor(request, session, person, article_id, article, None, error.status, wrong)
    return go(f"{HERE}/{article_id}#authors")


@router.post(f"{HERE}/{{article_id}}/authorship")
async def answer(
    article_id: UUID, person: Writer, _: CsrfDep, session: SessionDep, is_accepted: Annotated[bool, Form()] = False
) -> Response:
    """Accept to write along, or decline, or leave."""
    await authors.answer(session, person, article_id, is_accepted)
    return go(f"{HERE}/{article_id}" if is_accepted else HERE)


@router.post(f"{HERE}/{{article_id}}/address")
async def readdress(
    request: Request,
    article_id: UUID,
    person: Writer,
    _visitor: VisitorDep,
    _: CsrfDep,
    slug: Short = "",
) -> Response:
    """Another address; or the form again with what is wrong."""
    try:
        async with transaction() as session:
            await publishing.readdress(session, person, article_id, slug.strip())
    except AppError as error:
        if isinstance(error, NotFound) or error.status not in (409, 422):
            raise
        async with transaction() as session:
            article = await articles.get_own(session, person, article_id)
            wrong = {"slug": next(iter(wrong_fields(error).values()))}
            return await _editor(request, session, person, article_id, article, None, error.status, wrong)
    return go(f"{HERE}/{article_id}?done=address")
