"""Events of content: that an article is written and can be read, never what it says."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


class ArticleStarted(Event):
    """Somebody began to write an article, which nobody else sees yet."""

    type: ClassVar[str] = "content.article_started"
    key_field: ClassVar[str] = "article_id"

    article_id: UUID
    customer_id: CustomerId


class ArticlePublished(Event):
    """A revision of an article can be read by everybody; `is_first`: the article was never published before."""

    type: ClassVar[str] = "content.article_published"
    key_field: ClassVar[str] = "article_id"

    article_id: UUID
    customer_id: CustomerId
    revision_number: int
    is_first: bool


class ArticleWithdrawn(Event):
    """An article can be read no longer; `is_by_moderator`: not its authors took it away."""

    type: ClassVar[str] = "content.article_withdrawn"
    key_field: ClassVar[str] = "article_id"

    article_id: UUID
    customer_id: CustomerId
    is_by_moderator: bool
