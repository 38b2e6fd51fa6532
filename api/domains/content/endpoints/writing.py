"""JSON for those who write articles."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from api.core.auth import Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.content import schemas
from api.domains.content.contracts import Author, OwnArticle
from api.domains.content.service import articles, authors, publishing

router = Router(prefix="/v1/me", tags=["content"])
Writer = Annotated[Principal, Depends(require("content.publish"))]
Number = Annotated[int, Path(ge=1, lt=2**31)]
Creator = Annotated[str, Path(max_length=100, pattern="^[a-z0-9-]+$")]


def _own(found: OwnArticle) -> schemas.OwnArticle:
    return schemas.OwnArticle.model_validate(found, from_attributes=True)


def _authors(found: list[Author]) -> list[schemas.Author]:
    return [schemas.Author.model_validate(each, from_attributes=True) for each in found]


@router.put("/creator")
@limited("post")
async def choose_name(body: schemas.CreatorName, person: Writer, session: SessionDep) -> schemas.AuthorName:
    """Write under this name from now on."""
    found = await authors.choose_name(session, person.customer_id, body.name)
    return schemas.AuthorName(name=found.name, slug=found.slug)


@router.get("/articles")
async def list_own(person: Writer, reader: ReadDep) -> list[schemas.OwnArticle]:
    """What you write or are asked to write, the latest first; two hundred at most."""
    found = await articles.of_person(reader, person.customer_id)
    return [_own(each).model_copy(update={"body": ""} if each.role == "invited" else {}) for each in found]


@router.get("/articles/{article_id}")
async def show_own(article_id: UUID, person: Writer, reader: ReadDep) -> schemas.OwnArticle:
    """One that you write."""
    return _own(await articles.get_own(reader, person, article_id))


@router.put("/articles/{article_id}")
async def write(
    article_id: UUID, body: schemas.ArticleWrite, person: Writer, session: SessionDep
) -> schemas.OwnArticle:
    """Keep words to work on, under an id of your making. What was kept since is not overwritten: 409 tells of it."""
    words = articles.Words(body.title, body.summary, body.body, body.image_id)
    return _own(await articles.write(session, person, article_id, body.version, words))


@router.delete("/articles/{article_id}", status_code=204)
async def delete(article_id: UUID, person: Writer, session: SessionDep) -> None:
    """Forget an article that is not published, with all its revisions."""
    await articles.delete(session, person, article_id)


@router.get("/articles/{article_id}/revisions")
async def list_revisions(article_id: UUID, person: Writer, reader: ReadDep) -> list[schemas.Revision]:
    """Versions that were kept, the newest first; a hundred at most, without their bodies."""
    found = await articles.revisions(reader, person, article_id)
    return [schemas.Revision.model_validate(each, from_attributes=True) for each in found]


@router.put("/articles/{article_id}/revisions/latest")
async def keep_revision(article_id: UUID, person: Writer, session: SessionDep) -> schemas.Kept:
    """Keep the present words as a revision; the same words again are none."""
    return schemas.Kept(revision_number=await articles.keep(session, person, article_id))


@router.get("/articles/{article_id}/revisions/{revision_number}")
async def show_revision(article_id: UUID, revision_number: Number, person: Writer, reader: ReadDep) -> schemas.Revision:
    """One of them."""
    found = await articles.revision(reader, person, article_id, revision_number)
    return schemas.Revision.model_validate(found, from_attributes=True)


@router.get("/articles/{article_id}/revisions/{revision_number}/diff")
async def compare(
    article_id: UUID,
    revision_number: Number,
    person: Writer,
    reader: ReadDep,
    against: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> list[schemas.DiffLine]:
    """What it added and took away, against the revision before it or another one."""
    found = await articles.compare(reader, person, article_id, revision_number, against)
    return [schemas.DiffLine.model_validate(each, from_attributes=True) for each in found]


@router.put("/articles/{article_id}/revisions/{revision_number}/restored")
async def restore(article_id: UUID, revision_number: Number, person: Writer, session: SessionDep) -> schemas.OwnArticle:
    """Work on from it; the words of now are kept as a revision before."""
    return _own(await articles.restore(session, person, article_id, revision_number))


@router.put("/articles/{article_id}/publication")
@limited("post")
async def publish(
    article_id: UUID, body: schemas.Publication, person: Writer, session: SessionDep
) -> schemas.OwnArticle:
    """Bring it out, at once or at a time to come; it may be looked at before others see it."""
    return _own(await publishing.publish(session, person, article_id, body.version, body.publish_at))


@router.delete("/articles/{article_id}/publication")
async def withdraw(article_id: UUID, person: Writer, session: SessionDep) -> schemas.OwnArticle:
    """Take back what is scheduled or held; where nothing is, the article is read no longer."""
    return _own(await publishing.withdraw(session, person, article_id))


@router.put("/articles/{article_id}/address")
async def readdress(article_id: UUID, body: schemas.Address, person: Writer, session: SessionDep) -> schemas.OwnArticle:
    """Another address; the ones before lead on to it."""
    return _own(await publishing.readdress(session, person, article_id, body.slug))


@router.get("/articles/{article_id}/authors")
async def list_authors(article_id: UUID, person: Writer, reader: ReadDep) -> list[schemas.Author]:
    """Who writes it, the owner first, and who is asked to."""
    return _authors(await authors.of_article(reader, person, article_id))


@router.put("/articles/{article_id}/authors/{creator}")
async def invite(article_id: UUID, creator: Creator, person: Writer, session: SessionDep) -> list[schemas.Author]:
    """Ask somebody to write along."""
    return _authors(await authors.invite(session, person, article_id, creator))


@router.delete("/articles/{article_id}/authors/{creator}", status_code=204)
async def part_with(article_id: UUID, creator: Creator, person: Writer, session: SessionDep) -> None:
    """They write along no longer, or are not asked any more."""
    await authors.part_with(session, person, article_id, creator)


@router.put("/articles/{article_id}/authorship", status_code=204)
async def answer(article_id: UUID, body: schemas.Acceptance, person: Writer, session: SessionDep) -> None:
    """Accept to write along, or decline, or leave."""
    await authors.answer(session, person, article_id, body.is_accepted)
