"""What content does in the background, and when others have news: articles come out at their time or by a decision."""

from api.core.inbox import Handler
from api.domains.content.service import decided, publishing
from ingestion.contracts.moderation import CaseDecided, DecisionUndone

HANDLERS: dict[str, Handler] = {CaseDecided.type: decided.hear, DecisionUndone.type: decided.hear}
SWEEPS = (publishing.publish_due,)
