"""JSON of trust."""

from api.core.auth import CurrentDep
from api.core.db import ReadDep
from api.core.routing import Router
from api.domains.communities.domain import trust as rules
from api.domains.communities.schemas import trust as schemas
from api.domains.communities.service import trust

router = Router(prefix="/v1/me", tags=["communities"])


@router.get("/trust")
async def show_trust(person: CurrentDep, reader: ReadDep) -> schemas.Trust:
    """How far you are trusted, where each point came from, and what the next level needs."""
    facts = await trust.facts_of(reader, person.customer_id)
    level = rules.level(facts)
    parts = [
        schemas.Part(fact=part.fact, text=part.text, count=count, each=part.each, most=part.most, points=points)
        for part, count, points in rules.points(facts)
    ]
    names, gates = rules.LEVEL_NAMES, rules.GATES
    above = level + 1
    following = None
    if above < len(gates):
        following = schemas.Gate(name=names[above], score=gates[above].score, days=gates[above].days)
    return schemas.Trust(
        level=level,
        name=names[level],
        score=rules.score(facts),
        parts=parts,
        next=following,
        may_link=level >= rules.LINKS_FROM,
        may_post_images=level >= rules.IMAGES_FROM,
        hourly=rules.HOURLY[level],
    )
