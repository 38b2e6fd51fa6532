"""JSON of published articles."""

from typing import Annotated, Any

from fastapi import Path, Query

from api.core.access import open_to_all
from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.content import schemas
from api.domains.content.contracts import Article, ArticleCard
from api.domains.content.service import articles, authors, reporting

router = Router(prefix="/v1", tags=["content"])
Slug = Annotated[str, Path(max_length=100, pattern="^[a-z0-9-]+$")]


@router.get("/articles")
@open_to_all
async def list_articles(
    reader: ReadDep,
    creator: Annotated[str | None, Query(max_length=100, pattern="^[a-z0-9-]+$")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> schemas.Articles:
    """Published articles, of everybody or of one creator, the newest first."""
    if creator is not None:
        await authors.by_slug(reader, creator)
    page = await articles.latest(reader, creator, cursor, limit)
    items = [schemas.ArticleCard.model_validate(shown(each)) for each in page.items]
    return schemas.Articles(items=items, next_cursor=page.next_cursor)


@router.get("/articles/{slug}")
@open_to_all
async def show_article(slug: Slug, reader: ReadDep) -> schemas.Article:
    """An article, by its present address or an earlier one."""
    found = await articles.read(reader, slug)
    return schemas.Article.model_validate(shown(found) | {"html": found.html})


@router.put("/articles/{slug}/report", status_code=204)
@limited("post")
async def report_article(slug: Slug, body: schemas.Report, person: CurrentDep, session: SessionDep) -> None:
    """Report it to moderators; your next report of it replaces this one."""
    await reporting.report(session, person, slug, body.policy, body.words)


def shown(found: ArticleCard | Article) -> dict[str, Any]:
    """What everybody may know of it."""
    names = ("article_id", "slug", "title", "summary", "image_id", "published_at")
    authors = [{"name": name, "slug": slug} for name, slug in found.authors]
    return {name: getattr(found, name) for name in names} | {"updated_at": found.live_at, "authors": authors}
