"""A community holds what is more toxic than it lets stand."""

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.moderation import facade as moderation
from api.domains.moderation.service import toxicity
from tests.api.communities.conftest import Forum, Named
from tests.api.moderation.test_case_pages import page, send


@pytest.fixture(autouse=True)
def scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is sure of one word: what a real one would say is for the tests of the model."""

    async def score(_reader: object, _version: int | None, text: str) -> float:
        return 0.8 if "ninny" in text else 0.1

    monkeypatch.setattr(toxicity, "score", score)


async def test_each_community_has_its_own_threshold(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    await forum.found(ada, "pub")
    for threshold in (0.2, 1.1):
        await forum.send(ada, "PUT", "/communities/tea/toxicity-threshold", {"threshold": threshold}, 422)
    await forum.send(bob, "PUT", "/communities/tea/toxicity-threshold", {"threshold": 0.8}, 403)
    made = await forum.send(ada, "PUT", "/communities/tea/toxicity-threshold", {"threshold": 0.8})
    assert made["toxicity_threshold"] == 0.8
    told = [(await forum.post(bob, slug, "You ninny"))["status"] for slug in ("tea", "pub")]
    assert told == ["held", "published"]
    open_post = await forum.post(bob, "tea", "Fine")
    assert (await forum.comment(bob, open_post, "ninny"))["status"] == "held"
    assert (await moderation.judge(session, "ninny", "review")).outcome == "allow"
    await forum.send(ada, "PUT", "/communities/tea/toxicity-threshold", {"threshold": 0.9})
    assert (await forum.post(bob, "tea", "You ninny!"))["status"] == "published"
    newest, first = (await forum.log("tea"))[:2]
    assert (newest["act"], newest["reason"], first["reason"]) == ("threshold", "0.90", "0.80")
    await forum.send(ada, "POST", f"/acts/{newest['act_id']}/undo", {"reason": "Too lax."}, 204)
    assert (await forum.post(bob, "tea", "You ninny?"))["status"] == "held"


async def test_the_threshold_is_set_where_the_community_is_moderated(
    forum: Forum, client: AsyncClient, named: Named
) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    assert (await send(client, "/forum/c/tea/threshold", bob, threshold="0.7")).status_code == 403
    assert (await send(client, "/forum/c/tea/threshold", ada, threshold="0.1")).status_code == 422
    assert (await send(client, "/forum/c/tea/threshold", ada, threshold="0.7")).status_code == 303
    assert '<option value="0.7" selected>70 % or more' in await page(client, "/forum/c/tea/queue", ada)
    assert "set the threshold of toxicity of the community" in await page(client, "/forum/c/tea/log")
    assert (await send(client, "/forum/c/tea/threshold", ada, threshold="")).status_code == 303
    assert '<option value="0.7" selected>' not in await page(client, "/forum/c/tea/queue", ada)
