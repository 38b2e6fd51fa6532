"""JSON of recommendations: answers, one's own taste, what is withheld, experiments."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Response

from api.core.access import open_to_all
from api.core.auth import CurrentDep, Principal, VisitorDep, require
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.ordering import facade as ordering
from api.domains.recommendations import schemas
from api.domains.recommendations.service import experiments, house, taste, unwanted
from api.domains.recommendations.service.feed import for_you
from api.domains.recommendations.service.recommend import recommend

router = Router(prefix="/v1", tags=["recommendations"])
MOST = schemas.MOST

Experimenter = Annotated[Principal, Depends(require("experiments.manage"))]
Merchandiser = Annotated[Principal, Depends(require("recommendations.manage"))]
ProductId = Annotated[int, Path(gt=0, lt=2**63)]
ExperimentId = Annotated[str, Path(max_length=60)]


@router.get("/recommendations", response_model=schemas.Recommendation)
@open_to_all
async def get_recommendations(
    reader: ReadDep,
    visitor: VisitorDep,
    asked: Annotated[schemas.Asked, Query()],
) -> Response:
    """Products for this person at one place of the shop, best first, each with its reason."""
    cart: list[int] = []
    if asked.surface == "cart":
        cart = [line.product_id for line in (await ordering.view_cart(visitor)).lines]
    departments = [asked.department] if asked.department else []
    answer = await recommend(
        reader, asked.surface, visitor, asked.product_id, cart, asked.limit, departments=departments
    )
    return Response(orjson.dumps(answer), media_type="application/json")


@router.get("/me/feed/personal")
async def get_own_feed(
    reader: ReadDep,
    person: CurrentDep,
    visitor: VisitorDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> schemas.PersonalFeed:
    """Posts of the forum chosen for you, best first, each with its reason; popular ones where you are not known."""
    found = await for_you(reader, visitor, person.customer_id, cursor, limit)
    return schemas.PersonalFeed.model_validate(found)


@router.put("/me/feed/removed/{post_id}", status_code=204)
async def put_removed_post(
    session: SessionDep,
    person: CurrentDep,
    post_id: UUID,
    recommendation_id: Annotated[UUID | None, Query(description="Of the feed in which it stood.")] = None,
) -> None:
    """Show a post in your own feed no more, nor what follows from it."""
    await unwanted.remove(session, person.customer_id, post_id, recommendation_id)


@router.delete("/me/feed/removed/{post_id}", status_code=204)
async def delete_removed_post(session: SessionDep, person: CurrentDep, post_id: UUID) -> None:
    """Let it stand there again; `/v1/taste` tells what was removed."""
    await unwanted.restore(session, person.customer_id, post_id)


@router.get("/taste")
@open_to_all
async def get_taste(reader: ReadDep, visitor: VisitorDep) -> schemas.Taste:
    """Everything that is used to choose for this person, and what they took out."""
    return await taste.taste_of(reader, visitor)


@router.put("/taste")
@open_to_all
async def put_taste(session: SessionDep, visitor: VisitorDep, body: schemas.TasteWrite) -> schemas.Taste:
    """Choose whether products are picked by what one did, or for everybody alike."""
    await taste.choose(session, visitor, body.is_personalised)
    return await taste.taste_of(session, visitor)


@router.delete("/taste", status_code=204)
@open_to_all
async def delete_taste(session: SessionDep, visitor: VisitorDep) -> None:
    """Start over: nothing of before now is used any more."""
    await taste.reset(session, visitor)


@router.put("/taste/removed/{product_id}", status_code=204)
@open_to_all
async def put_removed(session: SessionDep, visitor: VisitorDep, product_id: ProductId) -> None:
    """Use nothing any more that has to do with a product."""
    await taste.remove(session, visitor, product_id)


@router.delete("/taste/removed/{product_id}", status_code=204)
@open_to_all
async def delete_removed(session: SessionDep, visitor: VisitorDep, product_id: ProductId) -> None:
    """Use it again."""
    await taste.restore(session, visitor, product_id)


@router.put("/recommendations/withheld/{product_id}", status_code=204)
async def put_withheld(
    session: SessionDep, person: Merchandiser, product_id: ProductId, body: schemas.Withhold
) -> None:
    """Recommend a product nowhere; it is sold as ever."""
    await house.withhold(session, product_id, body.reason, person.customer_id)


@router.delete("/recommendations/withheld/{product_id}", status_code=204)
async def delete_withheld(session: SessionDep, person: Merchandiser, product_id: ProductId) -> None:
    """Recommend it again."""
    await house.release(session, product_id, person.customer_id)


@router.get("/experiments", response_model=list[schemas.Experiment])
async def list_experiments(reader: ReadDep, _: Experimenter) -> Response:
    """All experiments, the newest first."""
    return _json(await experiments.every(reader))


@router.post("/experiments", status_code=201, response_model=schemas.Experiment)
async def post_experiment(session: SessionDep, person: Experimenter, body: schemas.ExperimentWrite) -> Response:
    """Define an experiment; it assigns nobody before it is started."""
    return _json(await experiments.define(session, body, person.customer_id), 201)


@router.post("/experiments/{experiment_id}/start", response_model=schemas.Experiment)
async def start_experiment(session: SessionDep, person: Experimenter, experiment_id: ExperimentId) -> Response:
    """Let it assign people from now on; each stays on their side until it is stopped."""
    return _json(await experiments.start(session, experiment_id, person.customer_id))


@router.post("/experiments/{experiment_id}/stop", response_model=schemas.Experiment)
async def stop_experiment(
    session: SessionDep, person: Experimenter, experiment_id: ExperimentId, body: schemas.Outcome
) -> Response:
    """Let everybody see the usual again, and say what was found."""
    return _json(await experiments.stop(session, experiment_id, body.outcome, person.customer_id))


def _json(value: object, status: int = 200) -> Response:
    content = orjson.dumps(value, default=lambda model: model.model_dump(exclude_none=True))
    return Response(content, status, media_type="application/json")
