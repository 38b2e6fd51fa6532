"""Posts as search engines read them: schema.org's DiscussionForumPosting, with the comments that the page shows."""

from collections.abc import Iterable
from typing import Any

from api.core.settings import get_settings
from api.domains.communities.contracts import Branch, CommentView, PostView

UP = "https://schema.org/LikeAction"
ANSWERS = "https://schema.org/CommentAction"


def discussion(post: PostView, branches: Iterable[Branch]) -> dict[str, Any] | None:
    """The document; None for a post that is not for everybody, or that says nothing."""
    if post.status != "published" or post.visibility == "private":
        return None
    here = f"{str(get_settings().api_url).rstrip('/')}/forum"
    return {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        "url": f"{here}/posts/{post.post_id}",
        "headline": post.title,
        "text": post.body or post.title,
        "author": _author(here, post.author),
        "datePublished": post.created_at.isoformat(),
        **({"dateModified": post.edited_at.isoformat()} if post.edited_at else {}),
        **({"sharedContent": {"@type": "WebPage", "url": post.url}} if post.url else {}),
        "isPartOf": {"@type": "WebPage", "url": f"{here}/c/{post.community}", "name": post.community_name},
        "interactionStatistic": [_count(UP, post.ups), _count(ANSWERS, post.comments)],
        "comment": [_comment(here, each) for each in branches if each.comment.status == "published"],
    }


def _comment(here: str, branch: Branch) -> dict[str, Any]:
    comment: CommentView = branch.comment
    return {
        "@type": "Comment",
        "url": f"{here}/comments/{comment.comment_id}",
        "text": comment.body,
        "author": _author(here, comment.author),
        "datePublished": comment.created_at.isoformat(),
        "interactionStatistic": [_count(UP, comment.ups)],
        "comment": [_comment(here, each) for each in branch.children if each.comment.status == "published"],
    }


def _author(here: str, handle: str) -> dict[str, str]:
    return {"@type": "Person", "name": handle, "url": f"{here}/u/{handle}"}


def _count(kind: str, count: int) -> dict[str, Any]:
    return {"@type": "InteractionCounter", "interactionType": kind, "userInteractionCount": count}
