"""Forms of reviews on the product page, and the operator's queue."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Path, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, CurrentDep, Principal, VisitorDep, require
from api.core.db import ReadDep, SessionDep
from api.core.errors import Invalid
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.service import products, reviews
from api.domains.moderation import facade as moderation

router = Router(include_in_schema=False)
Operator = Annotated[Principal, Depends(require("reviews.moderate"))]
ProductId = Annotated[int, Path(gt=0, lt=2**63)]


RATINGS = ("5", "4", "3", "2", "1")
SAID = {
    "rating": "Choose 1 to 5.",
    "title": "A title has up to 100 characters, all of which can be shown.",
    "body": "A review has up to 4,000 characters, all of which can be shown.",
}


def _back(product_id: int) -> Response:
    return RedirectResponse(f"/p/{product_id}#reviews", status.HTTP_303_SEE_OTHER)


@router.post("/p/{product_id}/review")
@limited("post")
async def write(
    request: Request,
    product_id: ProductId,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    rating: Annotated[str, Form(max_length=10)] = "",
    title: Annotated[str, Form(max_length=1000)] = "",
    body: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """A new review, or new words for it; or the form again with what is wrong."""
    # Browsers send a line's end as two characters.
    body = body.replace("\r\n", "\n")
    stars = int(rating) if rating in RATINGS else 0
    try:
        await reviews.write(session, person.customer_id, product_id, stars, title, body)
    except (Invalid, moderation.Suspended) as error:
        wrong = error.extra.get("errors") or [{"field": "body"}]
        return render(
            request,
            "review.html",
            error.status,
            product=await products.get_product(session, product_id),
            typed={"rating": rating, "title": title, "body": body},
            errors={row["field"]: moderation.refusal(error) or SAID[row["field"]] for row in wrong},
        )
    return _back(product_id)


@router.post("/reviews/{review_id}/vote")
async def vote(review_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Find a review helpful; once more takes it back."""
    return _back((await reviews.switch_vote(session, person.customer_id, review_id)).product_id)


@router.get("/operate/reviews")
async def show_queue(request: Request, _visitor: VisitorDep, _: Operator, reader: ReadDep) -> Response:
    """What waits to be looked at."""
    return render(request, "operate_reviews.html", reviews=await reviews.queue(reader), errors={})


@router.post("/operate/reviews/{review_id}")
async def decide(
    request: Request,
    review_id: UUID,
    _visitor: VisitorDep,
    operator: Operator,
    _: CsrfDep,
    session: SessionDep,
    decision: Annotated[str, Form(pattern="^(publish|reject)$")],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Publish or reject."""
    try:
        await reviews.decide(session, operator.customer_id, review_id, decision == "publish", reason)
    except Invalid:
        errors = {review_id: "Say why, in up to 500 characters."}
        return render(request, "operate_reviews.html", 422, reviews=await reviews.queue(session), errors=errors)
    return RedirectResponse("/operate/reviews", status.HTTP_303_SEE_OTHER)
