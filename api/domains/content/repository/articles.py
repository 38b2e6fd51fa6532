"""SQL about articles: what is worked on, what was kept, what is read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.content.contracts import Article, ArticleCard, HeldArticle, OwnArticle, Revision

_AUTHORS = """
    (SELECT array_agg(ARRAY[c.name, c.slug] ORDER BY w.role <> 'owner', w.since) FROM content.authors w
        JOIN content.creators c USING (customer_id)
        WHERE w.article_id = a.article_id AND w.role <> 'invited') AS authors
"""
_CARD = f"""
    a.article_id, a.slug, a.live_title AS title, a.live_summary AS summary, a.live_image_id AS image_id,
    a.published_at, a.live_at, {_AUTHORS}
"""
_OWN = """
    a.article_id, a.slug, a.title, a.summary, a.body, a.image_id, a.version, a.live_revision, a.published_at,
    a.pending, a.pending_revision, a.publish_at, a.reason, a.needs_look, a.updated_at, w.role
"""
LATEST = text(f"""
    SELECT {_CARD} FROM content.articles a WHERE a.live_revision IS NOT NULL
      AND (CAST(:creator AS text) IS NULL OR EXISTS (SELECT FROM content.authors w
          JOIN content.creators c USING (customer_id)
          WHERE w.article_id = a.article_id AND w.role <> 'invited' AND c.slug = CAST(:creator AS text)))
      AND (CAST(:at AS timestamptz) IS NULL
          OR (a.published_at, a.article_id) < (CAST(:at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY a.published_at DESC, a.article_id DESC LIMIT :limit
""")  # noqa: S608
READ = text(f"""
    SELECT {_CARD}, a.live_html AS html FROM content.slugs s JOIN content.articles a USING (article_id)
    WHERE s.slug = :slug AND a.live_revision IS NOT NULL
""")  # noqa: S608
OWN_LIST = text(f"""
    SELECT {_OWN} FROM content.authors w JOIN content.articles a USING (article_id)
    WHERE w.customer_id = :customer_id ORDER BY a.updated_at DESC LIMIT :limit
""")  # noqa: S608
OWN = text(f"""
    SELECT {_OWN} FROM content.articles a JOIN content.authors w USING (article_id)
    WHERE a.article_id = :article_id AND w.customer_id = :customer_id
""")  # noqa: S608
LOCKED = text(f"{OWN.text} FOR UPDATE OF a")
ADD = text("""
    INSERT INTO content.articles (article_id, title, summary, body, image_id)
    VALUES (:article_id, :title, :summary, :body, :image_id) ON CONFLICT DO NOTHING RETURNING 1
""")
WRITE = text("""
    UPDATE content.articles SET title = :title, summary = :summary, body = :body, image_id = :image_id,
        version = version + 1, updated_at = clock_timestamp()
    WHERE article_id = :article_id
""")
DELETE = text("DELETE FROM content.articles WHERE article_id = :article_id")
_REVISION = "r.revision_number, r.title, r.summary, r.body, r.image_id, c.name AS author, r.made_at"
_REVISIONS = "content.revisions r LEFT JOIN content.creators c ON c.customer_id = r.author_id"
REVISIONS = text(f"""
    SELECT {_REVISION.replace("r.body", "'' AS body")} FROM {_REVISIONS} WHERE r.article_id = :article_id
    ORDER BY r.revision_number DESC LIMIT 100
""")  # noqa: S608
REVISION = text(f"""
    SELECT {_REVISION} FROM {_REVISIONS} WHERE r.article_id = :article_id AND r.revision_number = :revision_number
""")  # noqa: S608
# Only what differs from the last one is worth keeping; returns the number of the last one either way.
KEEP_REVISION = text("""
    WITH last AS (
        SELECT revision_number, title, summary, body, image_id FROM content.revisions WHERE article_id = :article_id
        ORDER BY revision_number DESC LIMIT 1
    ), kept AS (
        INSERT INTO content.revisions (article_id, revision_number, title, summary, body, image_id, author_id)
        SELECT a.article_id, coalesce((SELECT revision_number FROM last), 0) + 1, a.title, a.summary, a.body,
            a.image_id, :author_id
        FROM content.articles a WHERE a.article_id = :article_id AND NOT EXISTS (
            SELECT FROM last l WHERE (l.title, l.summary, l.body) = (a.title, a.summary, a.body)
                AND l.image_id IS NOT DISTINCT FROM a.image_id)
        RETURNING revision_number)
    SELECT revision_number FROM kept UNION ALL SELECT revision_number FROM last ORDER BY 1 DESC LIMIT 1
""")
SET_PENDING = text("""
    UPDATE content.articles SET pending = :pending, pending_revision = :revision_number, publish_at = :publish_at,
        reason = :reason, updated_at = clock_timestamp()
    WHERE article_id = :article_id
""")
GO_LIVE = text("""
    UPDATE content.articles a SET live_revision = r.revision_number, live_title = r.title, live_summary = r.summary,
        live_html = :html, live_image_id = r.image_id, live_at = now(),
        published_at = coalesce(a.published_at, now()), pending = NULL, pending_revision = NULL, publish_at = NULL,
        reason = NULL, updated_at = clock_timestamp()
    FROM content.revisions r
    WHERE a.article_id = :article_id AND r.article_id = a.article_id AND r.revision_number = :revision_number
""")
WITHDRAW = text("""
    UPDATE content.articles SET live_revision = NULL, live_title = NULL, live_summary = NULL, live_html = NULL,
        live_image_id = NULL, live_at = NULL, pending = :pending, pending_revision = :revision_number,
        publish_at = NULL, reason = :reason, updated_at = clock_timestamp()
    WHERE article_id = :article_id
""")
SET_NEEDS_LOOK = text("UPDATE content.articles SET needs_look = :needs_look WHERE article_id = :article_id")
IS_LIVE = text("SELECT 1 FROM content.articles WHERE article_id = :article_id AND live_revision IS NOT NULL")
DUE = text("""
    SELECT a.article_id, w.customer_id AS owner_id FROM content.articles a JOIN content.authors w USING (article_id)
    WHERE a.pending = 'scheduled' AND a.publish_at <= now() AND w.role = 'owner'
    ORDER BY a.publish_at LIMIT 1 FOR UPDATE OF a SKIP LOCKED
""")
OWNER = text("SELECT customer_id FROM content.authors WHERE article_id = :article_id AND role = 'owner'")
ADD_SLUG = text("INSERT INTO content.slugs (slug, article_id) VALUES (:slug, :article_id) ON CONFLICT DO NOTHING")
SLUG_OWNER = text("SELECT article_id FROM content.slugs WHERE slug = :slug")
SET_SLUG = text("UPDATE content.articles SET slug = :slug WHERE article_id = :article_id")
HELD = text("""
    SELECT a.article_id, r.title, r.summary, r.body, a.reason, c.name AS author, a.updated_at
    FROM content.articles a
    JOIN content.revisions r ON r.article_id = a.article_id AND r.revision_number = a.pending_revision
    LEFT JOIN content.creators c ON c.customer_id = r.author_id
    WHERE a.pending = 'held' ORDER BY a.updated_at LIMIT :limit
""")


async def latest(
    reader: Reader, creator: str | None, at: datetime | None, last: UUID | None, limit: int
) -> list[ArticleCard]:
    """Published articles, all or one creator's, the newest first, after the one given."""
    values = {"creator": creator, "at": at, "last": last, "limit": limit}
    rows: Any = await reader.execute(LATEST, values)
    return [ArticleCard(**_tuples(row)) for row in rows.mappings()]


async def read(reader: Reader, slug: str) -> Article | None:
    """What is read at an address, or was."""
    rows: Any = await reader.execute(READ, {"slug": slug})
    row = rows.mappings().first()
    return None if row is None else Article(**_tuples(row))


def _tuples(row: Any) -> dict[str, Any]:
    return dict(row) | {"authors": tuple(tuple(each) for each in row["authors"] or ())}


async def of_person(reader: Reader, customer_id: UUID, limit: int) -> list[OwnArticle]:
    """Articles that somebody writes or is invited to, the latest first."""
    rows: Any = await reader.execute(OWN_LIST, {"customer_id": customer_id, "limit": limit})
    return [OwnArticle(**row) for row in rows.mappings()]


async def own(reader: Reader, article_id: UUID, customer_id: UUID, *, is_locked: bool = False) -> OwnArticle | None:
    """One of them; `is_locked`: nobody else changes it until the transaction ends."""
    rows: Any = await reader.execute(
        LOCKED if is_locked else OWN, {"article_id": article_id, "customer_id": customer_id}
    )
    row = rows.mappings().first()
    return None if row is None else OwnArticle(**row)


async def is_live(reader: Reader, article_id: UUID) -> bool:
    """Whether an article is published."""
    rows: Any = await reader.execute(IS_LIVE, {"article_id": article_id})
    return rows.first() is not None


async def add(session: AsyncSession, values: dict[str, Any]) -> bool:
    """A new article; False where its id is taken."""
    rows: Any = await session.execute(ADD, values)
    return rows.first() is not None


async def write(session: AsyncSession, values: dict[str, Any]) -> None:
    """Other words to work on."""
    await session.execute(WRITE, values)


async def delete(session: AsyncSession, article_id: UUID) -> None:
    """Forget it, with all that was kept of it."""
    await session.execute(DELETE, {"article_id": article_id})


async def keep_revision(session: AsyncSession, article_id: UUID, author_id: UUID) -> int:
    """Keep what is worked on, unless the last revision says the same; the number of the last one."""
    rows: Any = await session.execute(KEEP_REVISION, {"article_id": article_id, "author_id": author_id})
    return int(rows.scalar_one())


async def revisions(reader: Reader, article_id: UUID) -> list[Revision]:
    """The last hundred, the newest first, without their bodies."""
    rows: Any = await reader.execute(REVISIONS, {"article_id": article_id})
    return [Revision(**row) for row in rows.mappings()]


async def revision(reader: Reader, article_id: UUID, revision_number: int) -> Revision | None:
    """One of them."""
    values = {"article_id": article_id, "revision_number": revision_number}
    rows: Any = await reader.execute(REVISION, values)
    row = rows.mappings().first()
    return None if row is None else Revision(**row)


async def set_pending(
    session: AsyncSession,
    article_id: UUID,
    pending: str | None,
    revision_number: int | None,
    publish_at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """What a revision waits for, or why it was refused; None: nothing is pending any more."""
    values = {"pending": pending, "revision_number": revision_number, "publish_at": publish_at, "reason": reason}
    await session.execute(SET_PENDING, values | {"article_id": article_id})


async def go_live(session: AsyncSession, article_id: UUID, revision_number: int, html: str) -> None:
    """From now on this revision is read."""
    values = {"article_id": article_id, "revision_number": revision_number, "html": html}
    await session.execute(GO_LIVE, values)


async def withdraw(
    session: AsyncSession, article_id: UUID, pending: str | None, revision_number: int | None, reason: str | None
) -> None:
    """Nothing of it is read any more."""
    values = {"article_id": article_id, "pending": pending, "revision_number": revision_number, "reason": reason}
    await session.execute(WITHDRAW, values)


async def due(session: AsyncSession) -> tuple[UUID, UUID] | None:
    """An article whose time has come, and its owner; nobody else takes it until the transaction ends."""
    row: Any = (await session.execute(DUE)).first()
    return None if row is None else (row.article_id, row.owner_id)


async def owner(reader: Reader, article_id: UUID) -> UUID | None:
    """Whose article it is."""
    rows: Any = await reader.execute(OWNER, {"article_id": article_id})
    found: UUID | None = rows.scalar_one_or_none()
    return found


async def take_slug(session: AsyncSession, article_id: UUID, slug: str) -> bool:
    """Let an article be read at an address; False where another one has it."""
    await session.execute(ADD_SLUG, {"slug": slug, "article_id": article_id})
    rows: Any = await session.execute(SLUG_OWNER, {"slug": slug})
    if rows.scalar_one() != article_id:
        return False
    await session.execute(SET_SLUG, {"slug": slug, "article_id": article_id})
    return True


async def held(reader: Reader, limit: int) -> list[HeldArticle]:
    """What waits for a look, the longest first."""
    rows: Any = await reader.execute(HELD, {"limit": limit})
    return [HeldArticle(**row) for row in rows.mappings()]


async def set_needs_look(session: AsyncSession, article_id: UUID, needs_look: bool) -> None:
    """Whether what its authors publish next waits for a look, whatever the verdict."""
    await session.execute(SET_NEEDS_LOOK, {"article_id": article_id, "needs_look": needs_look})
