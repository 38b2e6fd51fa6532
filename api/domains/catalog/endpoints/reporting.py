"""JSON of reports against reviews, questions and answers."""

from uuid import UUID

from api.core.auth import CurrentDep
from api.core.db import SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.catalog.schemas.reports import Report
from api.domains.catalog.service import reporting

router = Router(prefix="/v1", tags=["catalog"])


@router.put("/reviews/{review_id}/report", status_code=204)
@limited("post")
async def report_review(review_id: UUID, body: Report, person: CurrentDep, session: SessionDep) -> None:
    """Report a review to moderators; your next report of it replaces this one."""
    await reporting.report(session, person.customer_id, "review", review_id, body.policy, body.words)


@router.put("/questions/{question_id}/report", status_code=204)
@limited("post")
async def report_question(question_id: UUID, body: Report, person: CurrentDep, session: SessionDep) -> None:
    """Report a question to moderators; your next report of it replaces this one."""
    await reporting.report(session, person.customer_id, "question", question_id, body.policy, body.words)


@router.put("/answers/{answer_id}/report", status_code=204)
@limited("post")
async def report_answer(answer_id: UUID, body: Report, person: CurrentDep, session: SessionDep) -> None:
    """Report an answer to moderators; your next report of it replaces this one."""
    await reporting.report(session, person.customer_id, "answer", answer_id, body.policy, body.words)
