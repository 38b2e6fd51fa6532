"""Views → JSON."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel

from api.core.paging import Page
from api.domains.communities import contracts, schemas

Slug = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=100)]


def community(view: contracts.CommunityView, role: contracts.Role | None = None) -> schemas.Community:
    """With what the person is in it."""
    return schemas.Community.model_validate({**_fields(view, schemas.Community, "role"), "role": role})


def post(view: contracts.PostView) -> schemas.Post:
    """With the choices of a poll."""
    options = [schemas.PollOption.model_validate(each, from_attributes=True) for each in view.options]
    return schemas.Post.model_validate({**_fields(view, schemas.Post, "options"), "options": options})


def posts(page: Page[contracts.PostView]) -> schemas.Posts:
    """A page of them."""
    return schemas.Posts(items=[post(each) for each in page.items], next_cursor=page.next_cursor)


def comment(view: contracts.CommentView) -> schemas.Comment:
    """One of them."""
    return schemas.Comment.model_validate(_fields(view, schemas.Comment))


def branch(view: contracts.Branch) -> schemas.Branch:
    """With what stands below."""
    return schemas.Branch(
        comment=comment(view.comment),
        children=[branch(each) for each in view.children],
        more=view.more,
        next_cursor=view.next_cursor,
    )


def act(view: contracts.Act) -> schemas.Act:
    """One entry; a person is told by handle alone."""
    fields = _fields(view, schemas.Act)
    return schemas.Act.model_validate(fields | ({"subject_id": None} if view.subject_kind == "person" else {}))


def person(view: contracts.Person) -> schemas.PersonOut:
    """Somebody."""
    return schemas.PersonOut.model_validate(_fields(view, schemas.PersonOut))


def reported(view: contracts.Reported) -> schemas.Reported:
    """With its reasons."""
    case = _fields(view.case, schemas.Reported, "reasons")
    return schemas.Reported.model_validate(case | {"reasons": view.reasons})


def _fields(view: object, shape: type[BaseModel], *without: str) -> dict[str, Any]:
    return {name: getattr(view, name) for name in shape.model_fields if name not in without}
