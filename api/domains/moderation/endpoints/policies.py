"""JSON of policies: everybody reads them, their keepers write them."""

from typing import Annotated

from fastapi import Depends, Path

from api.core.access import open_to_all
from api.core.auth import Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.moderation.contracts.policies import PolicyView
from api.domains.moderation.schemas import NAME, PolicyOut, PolicyWrite
from api.domains.moderation.service import policies

router = Router(prefix="/v1")
Keeper = Annotated[Principal, Depends(require("policies.manage"))]
Slug = Annotated[str, Path(pattern=NAME)]


def _out(view: PolicyView) -> PolicyOut:
    return PolicyOut.model_validate(view, from_attributes=True)


@router.get("/policies")
@open_to_all
async def list_policies(reader: ReadDep) -> list[PolicyOut]:
    """Every policy as it holds."""
    return [_out(each) for each in await policies.list_policies(reader)]


@router.get("/policies/{slug}")
@open_to_all
async def list_versions(slug: Slug, reader: ReadDep) -> list[PolicyOut]:
    """One policy, the newest version first."""
    return [_out(each) for each in await policies.versions(reader, slug)]


@router.put("/operate/policies/{slug}")
async def publish(slug: Slug, body: PolicyWrite, keeper: Keeper, session: SessionDep) -> PolicyOut:
    """A new policy, or a new version of one, which holds from now on. Decisions go on naming the one of their time."""
    return _out(await policies.publish(session, keeper.customer_id, slug, **body.model_dump()))
