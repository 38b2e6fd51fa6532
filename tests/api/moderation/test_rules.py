"""Rules in use: written, watched, put in force, and who may; and the verdict that follows at once."""

import asyncio
from typing import Any

import numpy as np
import psycopg
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Verdict
from api.domains.moderation.errors import TextRefused
from ml.moderation.serving import BUCKETS, features, normalise, words
from tests.api.conftest import SignedUp, SignUp

RULE = {
    "expression": "text.links > 1 && author.age_days < 3",
    "outcome": "reject",
    "policy": "No advertising",
    "explanation": "Links of people who just came.",
}
ADVERT = "buy at www.one.com and www.two.com"


async def put(client: AsyncClient, person: SignedUp, name: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.put(f"/v1/operate/rules/{name}", json=body, headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def finish_backtest(session: AsyncSession, name: str) -> None:
    """As if the pipelines had answered: what they find is for their own tests."""
    await session.execute(
        text(
            "INSERT INTO serving.backtests (rule, rule_version, expression, days, finished_at, texts, hits, removed)"
            " SELECT name, version, expression, 90, now(), 40, 3, 3 FROM moderation.rules WHERE name = :name"
            " ORDER BY version DESC LIMIT 1"
        ),
        {"name": name},
    )


async def test_the_first_rules_hold_what_they_always_held(session: AsyncSession) -> None:
    assert (await moderation.judge(session, "Fine. Would buy again!", "review")).outcome == "allow"
    assert (await moderation.judge(session, "see https://a.b", "review")).rule == "link"
    assert (await moderation.judge(session, "see https://a.b", "post", may_link=True)).outcome == "allow"
    assert (await moderation.judge(session, "soooooooooo", "post")).rule == "repeated-character"


async def test_a_rule_acts_once_it_is_in_force_and_is_counted_before(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    keeper, author = await sign_up("moderator"), await sign_up()

    async def judged() -> Verdict:
        return await moderation.judge(session, ADVERT, "post", author.customer_id, may_link=True)

    draft = await put(client, keeper, "new-links", RULE)
    assert (draft["version"], draft["state"], (await judged()).shadow) == (1, "draft", ())
    shadow = await put(client, keeper, "new-links/state", {"state": "shadow", "was_version": 1})
    assert shadow["version"] == 2
    assert await judged() == Verdict("allow", shadow=("new-links",))
    untested = {"state": "active", "was_version": 2}
    answer = await client.put("/v1/operate/rules/new-links/state", json=untested, headers=keeper.headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:agora:problem:backtest-needed")
    asked = await client.put("/v1/operate/rules/new-links/backtest", json={}, headers=keeper.headers)
    assert (asked.status_code, asked.json()["finished_at"]) == (202, None)
    await finish_backtest(session, "new-links")
    await put(client, keeper, "new-links/state", {"state": "active", "was_version": 2})
    with pytest.raises(TextRefused) as refused:
        await judged()
    assert refused.value.extra["policy"] == "No advertising"
    listed = (await client.get("/v1/operate/rules", headers=keeper.headers)).json()
    [found] = [each for each in listed if each["name"] == "new-links"]
    assert (found["state"], found["times"], found["people"], found["alone"]) == ("active", 2, 1, 2)
    told = await session.execute(text("SELECT type FROM core.outbox WHERE type ~ '^moderation' ORDER BY id"))
    changed, judged_ = "moderation.rule_changed", "moderation.text_judged"
    assert list(told.scalars()) == [changed, judged_, changed, judged_, changed, judged_]
    versions = (await client.get("/v1/operate/rules/new-links", headers=keeper.headers)).json()
    assert [each["state"] for each in versions] == ["active", "shadow", "draft"]
    await put(client, keeper, "new-links/state", {"state": "retired", "was_version": 3})
    assert (await judged()).outcome == "allow"


async def test_a_rule_about_words_is_watched_in_the_shadow_instead_of_tried_on_the_past(
    client: AsyncClient, sign_up: SignUp
) -> None:
    keeper = await sign_up("moderator")
    await put(client, keeper, "of-words", RULE | {"expression": "text.body.contains('pills')"})
    path = "/v1/operate/rules/of-words"
    asked = await client.put(f"{path}/backtest", json={}, headers=keeper.headers)
    assert (asked.status_code, asked.json()["type"]) == (409, "urn:agora:problem:backtest-impossible")
    page = await client.get("/operate/rules/of-words", headers=keeper.headers | {"accept": "text/html"})
    assert "the past cannot be asked" in page.text
    assert "Test it on the last 90 days" not in page.text
    refused = await client.put(f"{path}/state", json={"state": "active", "was_version": 1}, headers=keeper.headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:agora:problem:shadow-needed")
    await put(client, keeper, "of-words/state", {"state": "shadow", "was_version": 1})
    assert (await put(client, keeper, "of-words/state", {"state": "active", "was_version": 2}))["state"] == "active"
    await put(client, keeper, "of-words/state", {"state": "retired", "was_version": 3})
    assert (await put(client, keeper, "of-words/state", {"state": "active", "was_version": 4}))["state"] == "active"


async def test_new_words_make_it_a_draft_again(client: AsyncClient, session: AsyncSession, sign_up: SignUp) -> None:
    keeper = await sign_up("moderator")
    changed = RULE | {"was_version": 1, "expression": "text.links > 9", "outcome": "hold"}
    assert (await put(client, keeper, "link", changed))["state"] == "draft"
    assert (await moderation.judge(session, "see https://a.b", "review")).outcome == "allow"


async def test_what_cannot_be_a_rule_is_refused_with_its_reason(client: AsyncClient, sign_up: SignUp) -> None:
    keeper = await sign_up("moderator")
    for change, status, said in (
        ({"expression": "text.links >"}, 422, "Syntax error"),
        ({"expression": "text.links"}, 422, "true or false"),
        ({"outcome": "ban"}, 422, "outcome"),
        ({"was_version": 4}, 409, "changed meanwhile"),
    ):
        answer = await client.put("/v1/operate/rules/some-rule", json=RULE | change, headers=keeper.headers)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
    missing = await client.put(
        "/v1/operate/rules/none-such/state", json={"state": "active", "was_version": 1}, headers=keeper.headers
    )
    assert missing.status_code == 404


async def test_customers_may_neither_read_nor_write_rules(client: AsyncClient, sign_up: SignUp) -> None:
    customer = await sign_up()
    for method, path in (("GET", ""), ("GET", "/link"), ("PUT", "/link"), ("PUT", "/link/state"), ("POST", "/try")):
        answer = await client.request(method, f"/v1/operate/rules{path}", json=RULE, headers=customer.headers)
        assert answer.status_code == 403


async def test_two_keepers_at_once_make_one_version(committed_client: AsyncClient, sign_up: SignUp) -> None:
    keepers = [await sign_up("moderator") for _ in range(2)]
    answers = await asyncio.gather(
        *(committed_client.put("/v1/operate/rules/raced", json=RULE, headers=keeper.headers) for keeper in keepers * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    async with transaction() as session:
        count = await session.execute(text("SELECT count(*) FROM moderation.rules WHERE name = 'raced'"))
        assert count.scalar_one() == 1


async def test_a_trial_says_what_would_happen_and_keeps_nothing(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    keeper = await sign_up("moderator")
    body = {"text": "Look at www.example.org!!!!!!!!!!", "kind": "review"}
    trial = (await client.post("/v1/operate/rules/try", json=body, headers=keeper.headers)).json()
    assert (trial["outcome"], trial["spoke"]) == ("hold", ["link", "repeated-character"])
    assert trial["facts"]["text"]["links"] == 1
    assert (await session.execute(text("SELECT count(*) FROM moderation.hits"))).scalar_one() == 0


async def test_the_model_that_answers_now_scores(committed: Database, migrated_env: dict[str, str]) -> None:
    """A version as the pipelines leave it: its weights are for two words alone."""

    async def shadow(words_: str) -> tuple[str, ...]:
        async with transaction() as session:
            return (await moderation.judge(session, words_, "comment")).shadow

    assert await shadow("You ninny") == ()
    weights = np.zeros(BUCKETS, "<f4")
    weights[features(words(normalise("you ninny")))[0]] = 100
    with psycopg.connect(migrated_env["AGORA_POSTGRES_PIPELINES_URL"]) as connection:
        publish(connection, weights)
    assert await shadow("You ninny") == ("toxic",)
    assert await shadow("Good day") == ()
    with psycopg.connect(migrated_env["AGORA_POSTGRES_PIPELINES_URL"]) as connection:
        publish(connection, weights[:5])
    assert await shadow("You ninny") == ("toxic",)  # what cannot be used is passed over


def publish(connection: psycopg.Connection, weights: np.ndarray) -> None:
    row = connection.execute(
        "insert into serving.model_versions (name, kind, champion, parameters, metrics, lake_snapshots)"
        " values ('toxicity', 'logistic', 'toxicity', '{}', '{}', '{}') returning version"
    ).fetchone()
    assert row is not None
    connection.execute(
        "insert into serving.toxicity (version, weights, bias) values (%s, %s, -10)", (row[0], weights.tobytes())
    )
    connection.execute(
        "insert into serving.active (name, version) values ('toxicity', %s)"
        " on conflict (name) do update set version = excluded.version",
        row,
    )
