"""`Idempotency-Key`: a POST that is repeated gets the first answer again, and is never done twice.

The key's row also holds an `operation_id` that stays the same when a crashed attempt is tried again: a use case that
names its aggregate after it (an order, say) finds what the first attempt left.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import text

from api.core.access import SIGNED_IN
from api.core.auth import get_current, get_visitor
from api.core.db import alone, transaction
from api.core.errors import AppError, problem_response

LEASE = "60 seconds"
KEPT = "30 days"


class KeyMissing(AppError):
    """The endpoint needs an Idempotency-Key header."""

    status = 400
    type = "idempotency-key-missing"
    title = "Send an Idempotency-Key header"


class KeyReused(AppError):
    """The key was used with another request."""

    status = 422
    type = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another request"


class KeyInFlight(AppError):
    """The first request with this key is not finished."""

    status = 409
    type = "idempotency-key-in-flight"
    title = "The first request with this Idempotency-Key is still running"


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: its status and JSON body."""

    status: int
    body: bytes
    is_replay: bool = False

    def document(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found


Operation = Callable[[UUID], Awaitable[tuple[int, BaseModel | dict[str, Any]]]]
Telling = Callable[[dict[str, Any]], dict[str, Any]]

_CLAIM = text(
    "INSERT INTO core.idempotency_keys AS k (principal, route, key, fingerprint, operation_id, locked_until)"
    " VALUES (:principal, :route, :key, :fingerprint, gen_random_uuid(), now() + CAST(:lease AS interval))"
    " ON CONFLICT (principal, route, key) DO UPDATE SET locked_until = excluded.locked_until"
    " WHERE k.status IS NULL AND k.locked_until < now() AND k.fingerprint = excluded.fingerprint"
    " RETURNING operation_id"
)
_READ = text(
    "SELECT fingerprint, status, body FROM core.idempotency_keys"
    " WHERE principal = :principal AND route = :route AND key = :key"
)
_STORE = text(
    "UPDATE core.idempotency_keys SET status = :status, body = :body, locked_until = now()"
    " WHERE principal = :principal AND route = :route AND key = :key"
)
_RELEASE = text(
    "UPDATE core.idempotency_keys SET locked_until = now() - interval '1 second'"
    " WHERE principal = :principal AND route = :route AND key = :key AND status IS NULL"
)

_PURGE = text(
    "DELETE FROM core.idempotency_keys WHERE (principal, route, key) IN ("
    "SELECT principal, route, key FROM core.idempotency_keys"
    " WHERE created_at < now() - CAST(:kept AS interval) AND locked_until < now() LIMIT 5000)"
)


async def run_once(principal: str, route: str, key: str, fingerprint: bytes, operation: Operation) -> Answer:
    """Run `operation(operation_id)` unless it was already answered; returns its answer or the stored one.

    Refusals below 500 are answers and are stored as well. After anything worse the key may be tried again.
    Raises KeyReused and KeyInFlight.
    """
    name = {"principal": principal, "route": route, "key": key}
    async with alone() as connection:
        claim = {"fingerprint": fingerprint, "lease": LEASE}
        operation_id: UUID | None = (await connection.execute(_CLAIM, name | claim)).scalar()
        if operation_id is None:
            return _stored((await connection.execute(_READ, name)).one(), fingerprint)
    try:
        status, document = await operation(operation_id)
        body = document.model_dump_json().encode() if isinstance(document, BaseModel) else orjson.dumps(document)
    except AppError as error:
        if error.status >= 500:
            await _release(name)
            raise
        status, body = error.status, orjson.dumps(error.problem(), default=str)
    except BaseException:
        await _release(name)
        raise
    async with alone() as connection:
        await connection.execute(_STORE, name | {"status": status, "body": body})
    return Answer(status, body)


def _stored(row: Any, fingerprint: bytes) -> Answer:
    if bytes(row.fingerprint) != fingerprint:
        raise KeyReused
    if row.status is None:
        raise KeyInFlight
    return Answer(row.status, bytes(row.body), is_replay=True)


async def _release(name: dict[str, str]) -> None:
    async with alone() as connection:
        await connection.execute(_RELEASE, name)


def canonical(body: bytes) -> bytes:
    """One form for every way to write the same JSON: order of members and white space mean nothing."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return body


async def purge_old_keys() -> int:
    """Forget keys after `KEPT`: as long as somebody may ask about money. Returns how many."""
    async with transaction() as session:
        return (await session.execute(_PURGE, {"kept": KEPT})).rowcount  # type: ignore[attr-defined,no-any-return]


class Idempotency:
    """The key of one request of one signed-in person."""

    def __init__(self, principal: str, route: str, key: str, fingerprint: bytes) -> None:
        self._name = (principal, route, key, fingerprint)

    async def run(self, operation: Operation, tell: Telling | None = None) -> Response:
        """`run_once`, as an HTTP answer; a replayed one says so in `Idempotency-Replayed`.

        `tell` adds a secret to a good answer on its way out: made from what the answer holds, and not stored with it.
        """
        answer = await run_once(*self._name, operation)
        headers = {"Idempotency-Replayed": "true"} if answer.is_replay else None
        if answer.status >= 400:
            return problem_response(answer.document(), headers)
        if answer.status == 204:
            return Response(status_code=204, headers=headers)
        body = answer.body
        if tell is not None:
            document = answer.document()
            body = orjson.dumps(document | tell(document))
        return Response(body, answer.status, headers, media_type="application/json")


async def get_idempotency(request: Request) -> Idempotency:
    """The request's key. Raises SignInNeeded and KeyMissing."""
    principal = await get_current(request)
    key = request.headers.get("idempotency-key", "").strip()
    if not 1 <= len(key) <= 255:
        raise KeyMissing
    route = f"{request.method} {request.url.path}"
    fingerprint = hashlib.sha256(canonical(await request.body())).digest()
    return Idempotency(str(principal.customer_id), route, key, fingerprint)


setattr(get_idempotency, "access", SIGNED_IN)  # noqa: B010 -- see api.core.access
IdempotencyDep = Annotated[Idempotency, Depends(get_idempotency)]


class OptionalIdempotency:
    """For a POST that harms nobody when it is repeated, but takes a key from whoever sends one."""

    def __init__(self, keyed: Idempotency | None) -> None:
        self._keyed = keyed

    async def run(self, operation: Operation) -> Response:
        """The operation's answer, or the stored one of the same key."""
        if self._keyed is not None:
            return await self._keyed.run(operation)
        status, document = await operation(uuid4())
        body = document.model_dump_json().encode() if isinstance(document, BaseModel) else orjson.dumps(document)
        return Response(body, status, media_type="application/json")


async def get_optional_idempotency(request: Request) -> OptionalIdempotency:
    """The request's key, if it has one; also of somebody who is not signed in. Raises KeyMissing for a long one."""
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        return OptionalIdempotency(None)
    if len(key) > 255:
        raise KeyMissing
    visitor = await get_visitor(request)
    fingerprint = hashlib.sha256(await request.body()).digest()
    principal = str(visitor.customer_id or visitor.anonymous_id)
    return OptionalIdempotency(Idempotency(principal, f"{request.method} {request.url.path}", key, fingerprint))


OptionalIdempotencyDep = Annotated[OptionalIdempotency, Depends(get_optional_idempotency)]
