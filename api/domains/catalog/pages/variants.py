"""Variants on an operator's page of a product: added, named, priced, withdrawn and sold again."""

from typing import Annotated

from fastapi import Depends, Form, Path, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep
from api.core.errors import Invalid
from api.core.money import minor_of
from api.core.routing import Router
from api.domains.catalog.contracts import VariantNew
from api.domains.catalog.errors import InvalidPrice, VariantExists
from api.domains.catalog.pages.keeping import filled_form, product_form
from api.domains.catalog.service import keeping, operating

router = Router(prefix="/operate/products/{product_id}/variants")
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
Id = Annotated[int, Path(gt=0, lt=2**63)]
Word = Annotated[str, Form(max_length=1000)]
OPTIONS = "Write options such as Size: L, Colour: red."
TAKEN = {"sku": "Something else has this SKU.", "gtin": "Another article has it.", "options": "Another one has these."}


@router.post("")
async def add(
    request: Request,
    product_id: Id,
    operator: Operator,
    _visitor: VisitorDep,
    _: CsrfDep,
    reader: ReadDep,
    sku: Word = "",
    options: Word = "",
    price: Word = "",
    gtin: Word = "",
) -> Response:
    """A further variant, or the page again with what is wrong."""
    typed = {"sku": sku.strip(), "options": options, "price": price, "gtin": gtin.strip()}
    price_minor = minor_of(price)
    wrong = {
        "variant_sku": "Give it an SKU of up to 100 characters." if not 0 < len(typed["sku"]) <= 100 else "",
        "variant_price": "Write an amount such as 4.99." if not price_minor else "",
    }
    errors = {name: reason for name, reason in wrong.items() if reason}
    try:
        named = _options(options)
        if not errors and price_minor:
            new = VariantNew(typed["sku"], named, price_minor, typed["gtin"] or None)
            await operating.add_variant(operator.customer_id, product_id, new)
            return _back(product_id)
    except VariantExists as error:
        errors[f"variant_{error.extra['field']}"] = TAKEN[error.extra["field"]]
    except Invalid as error:
        field = error.extra["errors"][0]["field"]
        errors[f"variant_{field}"] = OPTIONS if field == "options" else "The digits do not add up to the last one."
    product = await keeping.get(reader, product_id)
    return await product_form(request, reader, product, filled_form(product), errors, variant=typed)


@router.post("/{variant_id}")
async def change(
    request: Request,
    product_id: Id,
    variant_id: Id,
    operator: Operator,
    _visitor: VisitorDep,
    _: CsrfDep,
    reader: ReadDep,
    options: Word = "",
    price: Word = "",
) -> Response:
    """Other options or another price; what is empty stays."""
    errors: dict[str, str] = {}
    try:
        if options.strip():
            await operating.set_options(operator.customer_id, variant_id, _options(options))
        if price.strip():
            await operating.change_price(operator.customer_id, variant_id, minor_of(price) or 0)
        return _back(product_id)
    except VariantExists:
        errors[f"options-{variant_id}"] = "Another variant has these."
    except InvalidPrice:
        errors[f"price-{variant_id}"] = "Write an amount such as 4.99."
    except Invalid:
        errors[f"options-{variant_id}"] = OPTIONS
    product = await keeping.get(reader, product_id)
    return await product_form(request, reader, product, filled_form(product), errors)


@router.post("/{variant_id}/state")
async def set_state(
    product_id: Id,
    variant_id: Id,
    operator: Operator,
    _: CsrfDep,
    act: Annotated[str, Form(pattern="^(withdraw|restore)$")],
) -> Response:
    """Withdraw a further variant, or sell it again."""
    await operating.set_variant_active(operator.customer_id, variant_id, act == "restore")
    return _back(product_id)


def _options(typed: str) -> dict[str, str]:
    """`Size: L, Colour: red` → its pairs. Raises Invalid."""
    pairs = [part.partition(":") for part in typed.split(",") if part.strip()]
    if not pairs or any(not colon or not name.strip() or not value.strip() for name, colon, value in pairs):
        raise Invalid("options", OPTIONS)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _back(product_id: int) -> Response:
    return RedirectResponse(f"/operate/products/{product_id}#variants", status.HTTP_303_SEE_OTHER)
