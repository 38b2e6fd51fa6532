"""The communities' page: people, what they do, who comes back; private communities are never named."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from httpx import AsyncClient

from tests.api.analytics.conftest import AS_OF, Warehouse
from tests.api.analytics.test_other_pages import PAGE, TODAY, WEEK, rows_of, tiles
from tests.api.conftest import SignUp


async def founded(client: AsyncClient, headers: dict[str, str], slug: str, visibility: str) -> str:
    body = {"slug": slug, "name": slug.title(), "visibility": visibility}
    answer = await client.post("/v1/communities", json=body, headers=headers)
    return str(answer.json()["community_id"])


def act(figures: Warehouse, community: str, day: date, person: str, kind: str) -> None:
    values: dict[str, Any] = {"act": kind, "subject_id": str(uuid4()), "community_id": community, "day": day}
    figures.put("marts.fct_community_acts", values | {"customer_id": person})


async def test_what_is_read_and_what_the_feed_shows(client: AsyncClient, sign_up: SignUp, figures: Warehouse) -> None:
    boss = await sign_up("executive")
    figures.put(
        "marts.mart_articles",
        {"day": TODAY, "started": 4, "published": 2, "held": 1, "refused": 1, "reads": 30, "readers": 9},
        {"day": TODAY - WEEK, "published": 1, "reads": 15},
    )
    draft: dict[str, Any] = {"customer_id": "a", "started_day": TODAY, "first_published_at": None}
    for number, more in enumerate(({}, {"first_published_at": AS_OF}, {"started_day": TODAY - WEEK})):
        figures.put("marts.fct_articles", draft | {"article_id": str(number)} | more)
    shown: dict[str, Any] = {"day": TODAY, "source": "joined", "is_personal": True}
    figures.put(
        "marts.mart_feed",
        shown | {"impressions": 40, "clicks": 8, "removed": 2},
        shown | {"is_personal": False, "source": "popular", "impressions": 10},
        shown | {"day": TODAY - WEEK, "impressions": 20, "clicks": 2},
    )
    html = (await client.get("/dashboards/communities?days=7", headers=PAGE | boss.headers)).text
    found = tiles(html)
    assert found["Articles published"] == ("2", "up 100.0% from 1")
    assert found["Articles read"] == ("30", "up 100.0% from 15")
    assert found["Drafts published"] == ("50.0%", "up 50.0 points from 0.0%")
    assert found["Posts shown"] == ("50", "up 150.0% from 20")
    assert found["Opened from the feed"] == ("16.0%", "up 6.0 points from 10.0%")
    assert "/data/lineage/feed_click_share" in html
    rows = await rows_of(client, boss.headers, "/dashboards/communities.csv?days=7&table=feed")
    assert [tuple(row.values()) for row in rows] == [
        ("Where they joined", "40", "8", "0.2", "0.1", "2"), ("Popular with everybody", "10", "0", "0.0", "", "0"),
    ]  # fmt: skip
    rows = await rows_of(client, boss.headers, "/dashboards/communities.csv?days=7&table=articles")
    assert {row["What"]: row["Number"] for row in rows}["Refused by a rule"] == "1"


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
