"""The operator's pages of products: find one, edit it, make a new one, archive it and bring it back."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader
from api.core.errors import AppError, Invalid, validation_errors
from api.core.money import minor_of
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.contracts.keeping import AttributeDefinition, KeptProduct, ProductDraft, ProductState
from api.domains.catalog.errors import InvalidAttributes, SkuTaken, StaleProduct
from api.domains.catalog.schemas.keeping import ProductCreate, ProductEdit
from api.domains.catalog.service import attributes, keeping, variants

router = Router(prefix="/operate/products")
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
ProductId = Annotated[int, Path(gt=0, lt=2**63)]

SHOWN = 24
STATES = {"active": "For sale", "scheduled": "Waits for its day", "archived": "Archived", "unlisted": "Not listed"}
TEXTS = ("title", "description", "department", "category", "product_type", "brand", "size")
FIELDS = ("sku", *TEXTS, "below", "price", "available_from", "version")
LONGEST = 10_000
SAID = {
    "sku": "Give it an SKU of up to 100 characters.",
    "title": "Give it a title of up to 300 characters.",
    "department": "Say in which department it stands.",
    "product_type": "Say what kind of product it is.",
    "below": "Write levels such as Dresses > Maxi, below a category and at most 8 of them.",
    "price": "Write an amount such as 4.99.",
    "available_from": "Write a day and a time such as 2030-01-31T08:00.",
}
AS_TYPED = "%Y-%m-%dT%H:%M"


def _go(path: str) -> Response:
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER)


@router.get("")
async def list_products(
    request: Request,
    _visitor: VisitorDep,
    _: Operator,
    reader: ReadDep,
    query: Annotated[str, Query(max_length=200)] = "",
    state: ProductState | str = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Products in every state, or those that are looked for."""
    chosen: Any = state if state in STATES else None
    page = await keeping.list_products(reader, query, chosen, cursor or None, SHOWN)
    asked = {"query": query, "state": chosen or ""}
    more = urlencode(asked | {"cursor": page.next_cursor}) if page.next_cursor else None
    return render(
        request,
        "operate_products.html",
        products=page.items,
        asked=asked,
        states=STATES,
        next_href=f"/operate/products?{more}" if more else None,
    )


@router.get("/new")
async def show_new(request: Request, _visitor: VisitorDep, _: Operator, reader: ReadDep) -> Response:
    """An empty form."""
    return await product_form(request, reader, None, {}, {})


@router.post("/new")
async def create(request: Request, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep) -> Response:
    """A new product, or the form again with what is wrong."""
    form = await request.form()
    typed = _typed(form)
    try:
        values = await _values(reader, typed)
        body = ProductCreate.model_validate(values | {"sku": typed["sku"]})
        draft = ProductDraft(**body.model_dump(exclude={"sku", "currency"}))
        made = await keeping.create(operator.customer_id, body.sku, draft)
    except SkuTaken:
        return await product_form(request, reader, None, typed, {"sku": "Something else has this SKU."})
    except (ValidationError, AppError) as error:
        return await product_form(request, reader, None, typed, _reasons(error))
    return _go(f"/operate/products/{made.product_id}")


@router.get("/{product_id}")
async def show(request: Request, product_id: ProductId, _visitor: VisitorDep, _: Operator, reader: ReadDep) -> Response:
    """One product in a form, and its variants."""
    product = await keeping.get(reader, product_id)
    return await product_form(request, reader, product, filled_form(product), {})


@router.post("/{product_id}")
async def edit(
    request: Request, product_id: ProductId, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep
) -> Response:
    """Keep what was typed; or the form again with what is wrong, or with what somebody else changed meanwhile."""
    form = await request.form()
    typed = _typed(form)
    try:
        body = ProductEdit.model_validate(await _values(reader, typed) | {"version": typed["version"]})
        draft = ProductDraft(**body.model_dump(exclude={"version"}))
        await keeping.edit(operator.customer_id, product_id, body.version, draft)
    except StaleProduct:
        product = await keeping.get(reader, product_id)
        now = filled_form(product)
        changed = {
            name: now.get(name, "")
            for name in typed
            if name not in ("sku", "version") and now.get(name, "") != typed[name]
        }
        typed["version"] = now["version"]
        return await product_form(request, reader, product, typed, {}, changed)
    except (ValidationError, InvalidAttributes, Invalid) as error:
        return await product_form(request, reader, await keeping.get(reader, product_id), typed, _reasons(error))
    return _go(f"/operate/products/{product_id}")


@router.post("/{product_id}/state")
async def set_state(
    product_id: ProductId, operator: Operator, _: CsrfDep, act: Annotated[str, Form(pattern="^(archive|restore)$")]
) -> Response:
    """Archive a product, or bring it back."""
    await (keeping.archive if act == "archive" else keeping.restore)(operator.customer_id, product_id)
    return _go(f"/operate/products/{product_id}")


def _typed(form: FormData) -> dict[str, str]:
    """What stands in the form, as it stands there."""
    typed = {name: str(form.get(name, ""))[:LONGEST].replace("\r\n", "\n") for name in FIELDS}
    return typed | {key: str(form[key])[:LONGEST] for key in form if key.startswith("attributes.")}


def filled_form(product: KeptProduct) -> dict[str, str]:
    """A product as its form shows it; dates in UTC."""
    filled = {name: getattr(product, name) or "" for name in ("sku", *TEXTS)}
    filled["price"] = f"{product.price_minor // 100}.{product.price_minor % 100:02}"
    filled["available_from"] = product.available_from.strftime(AS_TYPED) if product.available_from else ""
    filled["below"] = " > ".join(product.below)
    filled["version"] = str(product.version)
    said = {True: "yes", False: "no"}
    for name, value in product.attributes.items():
        filled[f"attributes.{name}"] = said[value] if isinstance(value, bool) else str(value)
    return filled


async def _values(reader: Reader, typed: Mapping[str, str]) -> dict[str, Any]:
    """The form's words as values, which the schema then checks."""
    values: dict[str, Any] = {name: typed[name].strip() for name in TEXTS}
    values["size"] = values["size"] or None
    values["below"] = [level.strip() for level in typed["below"].split(">") if level.strip()]
    values["price_minor"] = minor_of(typed["price"])
    at = typed["available_from"].strip()
    values["available_from"] = f"{at}:00Z" if at else None
    defined = await attributes.definitions(reader, values["product_type"])
    said = {each.name: typed.get(f"attributes.{each.name}", "").strip() for each in defined}
    values["attributes"] = {each.name: _value(each, said[each.name]) for each in defined if said[each.name]}
    return values


def _value(defined: AttributeDefinition, typed: str) -> Any:
    """What was typed, in the attribute's own type; a text where it does not fit, which the check then refuses."""
    if defined.kind == "boolean":
        return {"yes": True, "no": False}.get(typed, typed)
    if defined.kind == "number":
        try:
            return float(typed) if "." in typed else int(typed)
        except ValueError:
            return typed
    return typed


def _reasons(error: ValidationError | AppError) -> dict[str, str]:
    """Field of the form → what is wrong with it."""
    rows: list[dict[str, str]] = (
        validation_errors(error.errors()) if isinstance(error, ValidationError) else error.extra.get("errors", [])
    )
    if not rows:
        raise error
    named = {"price_minor": "price"}
    fields = [re.sub(r"^(below)\.\d+$", r"\1", row["field"]) for row in rows]  # one field of the form is a list
    found = {named.get(field, field): row["reason"] for field, row in zip(fields, rows, strict=True)}
    said = {name: SAID.get(name, found[name]) for name in FIELDS if name in found}
    return said | {name: reason for name, reason in found.items() if name not in said}


async def product_form(
    request: Request,
    reader: Reader,
    product: KeptProduct | None,
    typed: dict[str, str],
    errors: dict[str, str],
    changed: dict[str, str] | None = None,
    variant: dict[str, str] | None = None,
) -> Response:
    """The page of a product or of a new one; `variant` is what was typed of a further one."""
    filled = dict.fromkeys(FIELDS, "") | typed
    code = 422 if errors else 409 if changed is not None else 200
    return render(
        request,
        "operate_product.html",
        code,
        product=product,
        typed=filled,
        errors=errors,
        changed=changed,
        states=STATES,
        definitions=await attributes.definitions(reader, filled["product_type"].strip()),
        variants=await variants.variants_of(reader, product.product_id) if product else [],
        variant=variant or {},
    )
