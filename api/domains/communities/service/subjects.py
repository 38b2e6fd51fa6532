"""Posts and comments as moderation is told of them."""

from dataclasses import replace

from api.domains.communities.contracts import CommentView, PostView
from api.domains.moderation.contracts import Subject


def undisclosed(subject: Subject, visibility: str) -> Subject:
    """What a rule held in a private community is for its own moderators: the house learns that it is there.

    Whoever reports something shows it to the house, and so does whoever appeals.
    """
    return replace(subject, title="", body="", picture=None) if visibility == "private" else subject


def of_post(post: PostView) -> Subject:
    """A post with all its words: its link and the choices of its poll as well."""
    words = [post.body, post.url or "", *(each.label for each in post.options)]
    return Subject(
        kind="post",
        subject_id=post.post_id,
        author_id=post.author_id,
        url=f"/forum/posts/{post.post_id}",
        title=post.title,
        body="\n\n".join(each for each in words if each),
        community_id=post.community_id,
        community=post.community,
        picture=f"/images/{post.image_id}" if post.image_id else None,
    )


def of_comment(comment: CommentView, post: PostView) -> Subject:
    """A comment, called by the post that it is about."""
    return Subject(
        kind="comment",
        subject_id=comment.comment_id,
        author_id=comment.author_id,
        url=f"/forum/comments/{comment.comment_id}",
        title=post.title,
        body=comment.body,
        community_id=post.community_id,
        community=post.community,
    )
