"""A living community over the public HTTP API: people come, found communities, write, answer and vote.

Every person and every sentence is made up by a seed and says so: who reads the demo's forum meets nobody real.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

TOPICS = {
    "tea": ("Tea room", "leaf kettle water pot cup steep green black oolong minute"),
    "bread": ("Bread bench", "dough oven crust flour salt starter rise loaf knead crumb"),
    "garden": ("Small gardens", "seed soil bed frost row bean tomato shade compost rain"),
    "bikes": ("Bicycle shed", "chain gear tyre brake hill pump spoke saddle wheel lamp"),
}
SHAPES = (
    "Does {} matter more than {}?",
    "My {} and the {} do not agree",
    "First {} then {}: what I learned",
    "How long with {} and {}?",
)
WEIGHTS = {"post": 3, "comment": 9, "vote": 20, "join": 2}
POLLS = 0.15  # of all posts
UP = 0.8  # of all votes


class ServerFailed(RuntimeError):
    """The API answered with an error of its own."""


@dataclass
class Life:
    """What came of it. `refused` counts the answers that a forum gives on an ordinary day, by type."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in."""

    handle: str
    headers: dict[str, str]


class Community:
    """People of one run, and what they wrote. The same seed does the same."""

    def __init__(self, client: httpx.AsyncClient, seed: int, headers: dict[str, str] | None = None) -> None:
        self.life = Life()
        self._client, self._chance, self._headers = client, Random(seed), headers or {}  # noqa: S311 -- a simulation
        self._run = secrets.token_hex(3)
        self._people: list[Person] = []
        self._posts: list[dict[str, Any]] = []
        self._comments: list[dict[str, Any]] = []

    async def run(self, people: int, acts: int, say: Callable[[str], object] = lambda _: None) -> Life:
        """So many people come and do so many things. Raises ServerFailed."""
        for number in range(people):
            await self._come(number)
        say(f"{len(self._people)} people came")
        for slug, (name, _) in TOPICS.items():
            body = {"slug": slug, "name": name, "description": "Simulated talk.", "visibility": "public"}
            await self._call("community", self._chance.choice(self._people), "POST", "/communities", body)
        for number in range(acts):
            [act] = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            await getattr(self, f"_{act}")(self._chance.choice(self._people))
            if number % 100 == 99:
                say(f"{number + 1} of {acts} acts")
        return self.life

    async def _come(self, number: int) -> None:
        email, password = f"simulated-{self._run}-{number}@agora.example", secrets.token_urlsafe(18)
        account = {"email": email, "display_name": f"Simulated person {number}", "password": password}
        await self._call("registration", None, "POST", "/customers", account)
        tokens = await self._call("sign-in", None, "POST", "/tokens", {"email": email, "password": password})
        if tokens is None:
            return
        person = Person(f"sim-{self._run}-{number}", {"Authorization": f"Bearer {tokens['access_token']}"})
        named = {"handle": person.handle, "about": "Simulated; nobody real."}
        await self._call("name", person, "PATCH", "/me/person", named)
        self._people.append(person)

    async def _post(self, person: Person) -> None:
        slug = self._chance.choice(list(TOPICS))
        words = self._words(slug, 2)
        body: dict[str, Any] = {"title": self._chance.choice(SHAPES).format(*words).capitalize()}
        body["body"] = self._sentences(slug)
        if self._chance.random() < POLLS:
            body |= {"kind": "poll", "options": self._words(slug, 3)}
        if made := await self._call("post", person, "POST", f"/communities/{slug}/posts", body):
            self._posts.append(made)

    async def _comment(self, person: Person) -> None:
        if not self._posts:
            return
        post = self._liked(self._posts)
        below = [each for each in self._comments[-200:] if each["post_id"] == post["post_id"]]
        parent = self._chance.choice(below)["comment_id"] if below and self._chance.random() < 0.6 else None
        body = {"body": self._sentences(post["community"]), "parent_id": parent}
        if made := await self._call("comment", person, "POST", f"/posts/{post['post_id']}/comments", body):
            self._comments.append(made)

    async def _vote(self, person: Person) -> None:
        kind = "comment" if self._comments and self._chance.random() < 0.5 else "post"
        things = self._comments if kind == "comment" else self._posts
        if things:
            value = 1 if self._chance.random() < UP else -1
            path = f"/{kind}s/{self._liked(things)[f'{kind}_id']}/vote"
            await self._call("vote", person, "PUT", path, {"value": value})

    async def _join(self, person: Person) -> None:
        await self._call("join", person, "PUT", f"/communities/{self._chance.choice(list(TOPICS))}/membership")

    def _liked(self, things: list[dict[str, Any]]) -> dict[str, Any]:
        """What came late is met more often, as on a page of new things."""
        return things[int(len(things) * self._chance.random() ** 0.5)]

    def _words(self, slug: str, count: int) -> list[str]:
        return self._chance.sample(TOPICS[slug][1].split(), count)

    def _sentences(self, slug: str) -> str:
        count = self._chance.randint(1, 4)
        return " ".join(
            f"{' '.join(self._words(slug, self._chance.randint(4, 8))).capitalize()}." for _ in range(count)
        )

    async def _call(
        self, what: str, person: Person | None, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """One request; None where it was refused."""
        headers = self._headers | (person.headers if person else {})
        answer = await self._client.request(method, f"/v1{path}", json=body, headers=headers)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
        if answer.is_error:
            self.life.refused[f"{what}: {answer.json()['type'].rpartition(':')[2]}"] += 1
            return None
        self.life.done[what] += 1
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found
