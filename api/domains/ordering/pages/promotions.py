"""The operator's page for promotions: all codes with their uses, and a form for a new one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, Principal, require
from api.core.errors import validation_errors
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
NUMBERS = ("percent", "amount_minor", "buy_quantity", "get_quantity", "minimum_minor", "most_uses", "most_per_customer")
FIELDS = ("code", "title", "kind", *NUMBERS, "departments", "product_ids")


@router.get("")
async def list_promotions(request: Request, _: Operator) -> Response:
    """All codes, newest first."""
    return await _page(request, {}, {})


@router.post("")
async def create_promotion(request: Request, operator: Operator, _: CsrfDep) -> Response:
    """A new code, or the form again with what is wrong beside its field."""
    form = await request.form()
    filled = {name: str(form.get(name, "")).strip()[:1000] for name in FIELDS}
    values: dict[str, Any] = {name: value for name, value in filled.items() if value}
    for name in ("departments", "product_ids"):
        values[name] = [part.strip() for part in filled[name].split(",") if part.strip()]
    try:
        request_ = PromotionCreate.model_validate(values)
        await promotions.create_promotion(operator.customer_id, request_.model_dump())
    except ValidationError as error:
        wrong = {each["field"].partition(".")[0]: each["reason"] for each in validation_errors(error.errors())}
        return await _page(request, filled, {name or "form": text for name, text in wrong.items()})
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
        kinds=KINDS,
    )
