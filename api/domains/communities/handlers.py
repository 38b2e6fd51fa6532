"""What communities does in the background, and when others have news."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.communities.service import brigading, decided, feeds
from ingestion.contracts.moderation import CaseDecided, DecisionUndone

HANDLERS: dict[str, Handler] = {CaseDecided.type: decided.hear, DecisionUndone.type: decided.hear}
TASKS: dict[str, Task] = {brigading.FIND: brigading.find_brigades}
PERIODIC = {brigading.FIND: "*/10 * * * *"}
SWEEPS = (feeds.sweep,)
