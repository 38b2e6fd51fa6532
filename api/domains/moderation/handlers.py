"""What moderation does when others have news, and by the clock."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.moderation.service import people, refusals
from ingestion.contracts.identity import SignedIn

HANDLERS: dict[str, Handler] = {SignedIn.type: people.note_browsers}
FORGET = "moderation.forget_browsers"
FORGET_REFUSALS = "moderation.forget_refusals"
TASKS: dict[str, Task] = {FORGET: people.forget_browsers, FORGET_REFUSALS: refusals.forget_old}
PERIODIC = {FORGET: "40 3 * * *", FORGET_REFUSALS: "50 3 * * *"}
