"""A private community's posts never reach outsiders: every route that shows any is asked."""

import re

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from api.core.access import routes_of
from tests.api.communities.conftest import Forum, Json, Named
from tests.api.conftest import SignedUp

SECRET = "quagga"
ASKED = "zanzibar"  # stands beside the secret; a page may say again what somebody searched for


@pytest.fixture
async def club(forum: Forum, named: Named) -> tuple[SignedUp, Json, Json]:
    """A private community's owner, a post and a comment with a word that nobody else uses."""
    owner = await named("olga")
    await forum.found(owner, "club", "private")
    post = await forum.post(
        owner, "club", f"About {SECRET}", body=f"{SECRET} {ASKED}", kind="poll", options=[SECRET, "b"]
    )
    said = await forum.comment(owner, post, f"More {SECRET}")
    await forum.send(owner, "PUT", f"/posts/{post['post_id']}", {"title": SECRET, "body": f"{SECRET} {ASKED}!"})
    await forum.act(owner, f"/posts/{post['post_id']}", "lock", SECRET)
    await forum.act(owner, f"/posts/{post['post_id']}", "unlock", SECRET)
    return owner, post, said


def paths(app: FastAPI, post: Json, said: Json) -> list[tuple[str, str]]:
    """(method, path) of every route of communities, with the private thing's own ids."""
    known = {
        "slug": "club", "handle": "olga", "post_id": post["post_id"], "comment_id": said["comment_id"],
        "act_id": post["post_id"], "case_id": post["post_id"], "size": 480, "product_id": 1,
    }  # fmt: skip
    found = [
        (method, re.sub(r"{(\w+)}", lambda name: str(known.get(name[1], post["post_id"])), route.path))
        for route in routes_of(app)
        if route.endpoint.__module__.startswith("api.domains.communities")
        or "/feed/" in route.path
        or route.path == "/forum/for-you"
        if not route.path.endswith("/stream")  # one that is let in has no end
        for method in sorted(route.methods or ())
    ]
    assert len(found) > 30
    return found


async def test_no_route_tells_outsiders_anything(
    forum: Forum, app: FastAPI, client: AsyncClient, named: Named, club: tuple[SignedUp, Json, Json]
) -> None:
    _, post, said = club
    outsider, waiting, staff = await named("otto"), await named("wanda"), await named("stan", "moderator", "operator")
    assert await forum.join(waiting, "club") == "waiting"
    queries = f"query={ASKED}&sort=new&of=all"
    for person in (None, outsider, waiting, staff):
        for method, path in paths(app, post, said):
            headers = {"accept": "text/html, application/json"} | (person.headers if person else {})
            answer = await client.request(method, f"{path}?{queries}" if method == "GET" else path, headers=headers)
            assert SECRET not in answer.text, (method, path)
            assert answer.status_code < 500, (method, path)
            is_of_the_club = any(each in path for each in (post["post_id"], said["comment_id"]))
            if is_of_the_club and method == "GET":
                asked_to_sign_in = person is None and answer.status_code in (303, 401)
                assert answer.status_code == 404 or asked_to_sign_in, (method, path, answer.status_code)


WRITES: list[tuple[str, str, Json]] = [
    ("PUT", "/posts/{post}/vote", {"value": 1}),
    ("PUT", "/posts/{post}/choice", {"option_number": 1}),
    ("PUT", "/posts/{post}", {"title": "x", "body": "y"}),
    ("DELETE", "/posts/{post}", {}),
    ("POST", "/posts/{post}/comments", {"body": "x"}),
    ("POST", "/posts/{post}/moderation", {"act": "remove", "reason": "x"}),
    ("PUT", "/posts/{post}/report", {"policy": "be-civil"}),
    ("PUT", "/comments/{comment}/report", {"policy": "be-civil"}),
    ("PUT", "/communities/club/toxicity-threshold", {"threshold": 0.5}),
    ("PUT", "/comments/{comment}/vote", {"value": 1}),
    ("PUT", "/comments/{comment}", {"body": "x"}),
    ("DELETE", "/comments/{comment}", {}),
    ("POST", "/comments/{comment}/moderation", {"act": "remove", "reason": "x"}),
    ("POST", "/communities/club/posts", {"title": "x"}),
    ("POST", "/communities/club/people/olga/moderation", {"act": "ban", "reason": "x"}),
    ("GET", "/communities/club/posts", {}),
    ("GET", "/communities/club/log", {}),
    ("GET", "/communities/club/queue", {}),
    ("GET", "/communities/club/leaders", {}),
    ("GET", "/posts?query=x&community=club", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_outsiders_find_nothing_there(
    forum: Forum, named: Named, club: tuple[SignedUp, Json, Json], method: str, path: str, body: Json
) -> None:
    _, post, said = club
    otto = await named("otto")
    path = path.format(post=post["post_id"], comment=said["comment_id"])
    await forum.send(otto, method, path, body or None, 404)


async def test_members_find_everything_and_whoever_leaves_nothing(
    forum: Forum, named: Named, club: tuple[SignedUp, Json, Json]
) -> None:
    owner, post, said = club
    anna = await named("anna")
    await forum.join(anna, "club")
    await forum.act(owner, "/communities/club/people/anna", "admit")
    reads = [f"/posts/{post['post_id']}", f"/comments/{said['comment_id']}", "/communities/club/posts", "/me/feed"]
    reads += [f"/posts?query={ASKED}", "/people/olga", "/communities/club/log"]
    for path in reads:
        assert SECRET in str(await forum.send(anna, "GET", path)), path
    assert SECRET not in str(await forum.send(anna, "GET", "/feed?of=all"))
    await forum.send(anna, "DELETE", "/communities/club/membership", status=204)
    for path in reads[:3]:
        await forum.send(anna, "GET", path, status=404)
    for path in reads[3:6]:
        assert SECRET not in str(await forum.send(anna, "GET", path)), path
    assert "club" not in str(await forum.send(None, "GET", "/communities"))
