"""Articles as moderation is told of them."""

from uuid import UUID

from api.domains.content.contracts import OwnArticle, Revision
from api.domains.moderation.contracts import Subject


def of_article(article: OwnArticle, owner_id: UUID, words: Revision | None = None) -> Subject:
    """An article with the words that are judged; none: those that are worked on."""
    here = f"/articles/{article.slug}" if article.slug and article.live_revision is not None else "/operate/articles"
    judged = words or article
    return Subject(
        "article", article.article_id, owner_id, here, judged.title, f"{judged.summary}\n\n{judged.body}".strip()
    )
