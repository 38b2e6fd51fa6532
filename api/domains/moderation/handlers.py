"""What moderation does when others have news, and by the clock."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.moderation.service import people
from ingestion.contracts.identity import SignedIn

HANDLERS: dict[str, Handler] = {SignedIn.type: people.note_browsers}
FORGET = "moderation.forget_browsers"
TASKS: dict[str, Task] = {FORGET: people.forget_browsers}
PERIODIC = {FORGET: "40 3 * * *"}
