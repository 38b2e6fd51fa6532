"""The operator's page of collections: all of them, and one in a form; and the storefront's page of one."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.core.access import open_to_all
from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader
from api.core.errors import Invalid
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.contracts.keeping import Collection, CollectionDraft
from api.domains.catalog.errors import CollectionExists, StaleCollection
from api.domains.catalog.service import collections

router = Router()
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
CollectionId = Annotated[int, Path(gt=0, lt=2**63)]
EMPTY = {"title": "", "description": "", "product_ids": "", "is_active": "yes", "version": ""}
LONGEST = {"title": 100, "description": 2000, "product_ids": 5000}


@router.get("/collections/{slug}")
@open_to_all
async def show_collection(
    request: Request, slug: Annotated[str, Path(max_length=200)], _visitor: VisitorDep, reader: ReadDep
) -> Response:
    """A collection in its order."""
    found, products = await collections.shown_collection(reader, slug)
    return render(request, "collection.html", collection=found, products=products)


@router.get("/operate/collections")
async def list_collections(
    request: Request,
    _visitor: VisitorDep,
    _: Operator,
    reader: ReadDep,
    collection: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """All collections, and a form for a new one or for the chosen one."""
    chosen = await collections.get(reader, collection) if collection else None
    return await _page(request, reader, chosen, _filled(chosen) if chosen else EMPTY, {})


@router.post("/operate/collections")
async def create(request: Request, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep) -> Response:
    """A new collection, or the form again with what is wrong."""
    typed = _typed(await request.form())
    try:
        made = await collections.create(operator.customer_id, _draft(typed))
    except CollectionExists:
        return await _page(request, reader, None, typed, {"title": "There is a collection with this title."})
    except Invalid as error:
        return await _page(request, reader, None, typed, _reasons(error))
    return _to(made.collection_id)


@router.post("/operate/collections/{collection_id}")
async def edit(
    request: Request, collection_id: CollectionId, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep
) -> Response:
    """Keep what was typed; or the form again with what is wrong, or with what somebody else changed meanwhile."""
    typed = _typed(await request.form())
    version = int(typed["version"]) if typed["version"].isdecimal() and len(typed["version"]) < 10 else 0
    try:
        await collections.edit(operator.customer_id, collection_id, version, _draft(typed))
    except StaleCollection:
        now = await collections.get(reader, collection_id)
        return await _page(request, reader, now, typed | {"version": str(now.version)}, {}, _filled(now))
    except Invalid as error:
        return await _page(request, reader, await collections.get(reader, collection_id), typed, _reasons(error))
    return _to(collection_id)


def _to(collection_id: int) -> Response:
    return RedirectResponse(f"/operate/collections?collection={collection_id}", status.HTTP_303_SEE_OTHER)


def _typed(form: FormData) -> dict[str, str]:
    return {name: str(form.get(name, ""))[:10_000].strip() for name in EMPTY}


def _filled(found: Collection) -> dict[str, str]:
    return {
        "title": found.title,
        "description": found.description,
        "product_ids": ", ".join(map(str, found.product_ids)),
        "is_active": "yes" if found.is_active else "",
        "version": str(found.version),
    }


def _draft(typed: dict[str, str]) -> CollectionDraft:
    """What was typed as values. Raises Invalid."""
    if not typed["title"]:
        raise Invalid("title", "Give it a title.")
    for name, most in LONGEST.items():
        if len(typed[name]) > most:
            raise Invalid(name, f"May have {most} characters.")
    numbers = [part.strip() for part in typed["product_ids"].split(",") if part.strip()]
    if not all(each.isascii() and each.isdigit() and 0 < int(each) < 2**63 for each in numbers):
        raise Invalid("product_ids", "Write numbers with commas between.")
    return CollectionDraft(typed["title"], typed["description"], bool(typed["is_active"]), tuple(map(int, numbers)))


def _reasons(error: Invalid) -> dict[str, str]:
    return {row["field"]: row["reason"] for row in error.extra["errors"]}


async def _page(
    request: Request,
    reader: Reader,
    chosen: Collection | None,
    typed: dict[str, str],
    errors: dict[str, str],
    now: dict[str, str] | None = None,
) -> Response:
    return render(
        request,
        "operate_collections.html",
        422 if errors else 409 if now is not None else 200,
        collections=await collections.list_collections(reader),
        chosen=chosen,
        typed=typed,
        errors=errors,
        now=now,
    )
