"""The communities' page: people, what they do, who comes back; private communities are never named."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from httpx import AsyncClient

from tests.api.analytics.conftest import Warehouse
from tests.api.analytics.test_other_pages import PAGE, TODAY, WEEK, rows_of, tiles
from tests.api.conftest import SignUp


async def founded(client: AsyncClient, headers: dict[str, str], slug: str, visibility: str) -> str:
    body = {"slug": slug, "name": slug.title(), "visibility": visibility}
    answer = await client.post("/v1/communities", json=body, headers=headers)
    return str(answer.json()["community_id"])


def act(figures: Warehouse, community: str, day: date, person: str, kind: str) -> None:
    values: dict[str, Any] = {"act": kind, "subject_id": str(uuid4()), "community_id": community, "day": day}
    figures.put("marts.fct_community_acts", values | {"customer_id": person})


async def test_people_acts_and_who_comes_back(client: AsyncClient, sign_up: SignUp, figures: Warehouse) -> None:
    boss = await sign_up("executive")
    tea = await founded(client, boss.headers, "tea", "public")
    secret = await founded(client, boss.headers, "hidden", "private")
    for person, day, kind in (("a", TODAY, "post"), ("b", TODAY, "comment"), ("a", TODAY - WEEK, "vote")):
        act(figures, tea, day, person, kind)
    act(figures, secret, TODAY, "c", "post")
    for number, people in ((3, "ab"), (2, "b"), (4, "abc")):
        for person in people:
            act(figures, tea, TODAY - number * WEEK, person, "vote")
    figures.put(
        "marts.mart_communities",
        {"community_id": tea, "day": TODAY, "posts": 1, "comments": 1, "joined": 2},
        {"community_id": tea, "day": TODAY - WEEK, "votes": 1},
        {"community_id": secret, "day": TODAY, "posts": 1},
    )
    html = (await client.get("/dashboards/communities?days=7", headers=PAGE | boss.headers)).text
    assert "Hidden" not in html
    shown = tiles(html)
    assert shown["Active members"][0] == "3"
    assert (shown["Posts"][0], shown["Comments"][0], shown["Votes"][0]) == ("2", "1", "0")
    rows = await rows_of(client, boss.headers, "/dashboards/communities.csv?days=7&table=communities")
    assert [(row["Community"], row["Active members"], row["Before"]) for row in rows] == [
        ("Tea", "2", "1"), ("Private communities", "1", "0"),
    ]  # fmt: skip
    back = await rows_of(client, boss.headers, "/dashboards/communities.csv?days=7&table=retention")
    assert [row["Active members"] for row in back][:2] == ["3", "2"]
    assert float(back[1]["Active again"]) == 0.5
    assert all(date.fromisoformat(row["Week of"]) <= TODAY - timedelta(days=13) for row in back)
    other = await sign_up()
    assert (await client.get("/dashboards/communities", headers=PAGE | other.headers)).status_code == 403
