"""The operator's page for promotions: all codes with their uses, and a form for a new one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, Principal, require
from api.core.errors import validation_errors
from api.core.money import minor_of
from api.core.rendering import render
from api.core.routing import Router
from api.domains.ordering.errors import PromotionExists
from api.domains.ordering.pages.shop import go
from api.domains.ordering.schemas import PromotionCreate
from api.domains.ordering.service import promotions

router = Router(prefix="/operate/promotions")
Operator = Annotated[Principal, Depends(require("promotions.manage"))]
KINDS = {
    "percentage": "A percentage off",
    "amount": "An amount off",
    "free_delivery": "Free delivery",
    "buy_x_get_y": "Buy some, get some free",
}
NEEDED = {"percentage": ("percent",), "amount": ("amount",), "buy_x_get_y": ("buy_quantity", "get_quantity")}
AMOUNTS = ("amount", "minimum")
NUMBERS = ("percent", "buy_quantity", "get_quantity", "most_uses", "most_per_customer")
FIELDS = ("code", "title", "kind", *AMOUNTS, *NUMBERS, "departments", "product_ids")
WORDS = {
    "code": "Use 3 to 40 letters, digits, - and _.",
    "title": "Give it a name of up to 200 characters.",
    "departments": "Up to 50 departments, each of up to 100 characters.",
    "product_ids": "Enter up to 1,000 numbers of products, with commas between.",
}


@router.get("")
async def list_promotions(request: Request, _: Operator) -> Response:
    """All codes, newest first."""
    return await _page(request, {}, {})


@router.post("")
async def create_promotion(request: Request, operator: Operator, _: CsrfDep) -> Response:
    """A new code, or the form again with what is wrong beside its field."""
    form = await request.form()
    filled = {name: str(form.get(name, "")).strip()[:1000] for name in FIELDS}
    values: dict[str, Any] = {name: value for name, value in filled.items() if value and name not in AMOUNTS}
    wrong = {name: "This kind needs it." for name in NEEDED.get(filled["kind"], ()) if not filled[name]}
    for name in AMOUNTS:
        if filled[name] and (minor := minor_of(filled[name])) is None:
            wrong[name] = "Enter an amount such as 4.99."
        elif filled[name]:
            values[f"{name}_minor"] = minor
    for name in ("departments", "product_ids"):
        values[name] = [part.strip() for part in filled[name].split(",") if part.strip()]
    try:
        request_ = PromotionCreate.model_validate(values)
        if wrong:
            return await _page(request, filled, wrong)
        await promotions.create_promotion(operator.customer_id, request_.model_dump())
    except ValidationError as error:
        said = {each["field"].partition(".")[0]: each["reason"] for each in validation_errors(error.errors())}
        # What is missing for the kind stands beside its field already.
        told = {name: WORDS.get(name, text) for name, text in said.items() if name != "body" or not wrong}
        return await _page(request, filled, told | wrong)
    except PromotionExists:
        return await _page(request, filled, {"code": "There is a promotion with this code already."})
    return go("/operate/promotions")


@router.post("/{promotion_id}")
async def switch_promotion(
    promotion_id: UUID, operator: Operator, _: CsrfDep, act: Annotated[str, Form(pattern="^(end|resume)$")]
) -> Response:
    """End a promotion, or take it up again."""
    await promotions.switch_promotion(operator.customer_id, promotion_id, is_active=act == "resume")
    return go("/operate/promotions")


async def _page(request: Request, filled: dict[str, str], errors: dict[str, str]) -> Response:
    return render(
        request,
        "operate_promotions.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        promotions=await promotions.list_promotions(),
        filled={name: filled.get(name, "") for name in FIELDS},
        errors=errors,
        first_wrong=next((name for name in FIELDS if name in errors), None),
        kinds=KINDS,
    )
