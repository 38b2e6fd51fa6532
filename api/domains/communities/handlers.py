"""What communities does in the background, and when others have news."""

from api.core.inbox import Handler
from api.domains.communities.service import decided, feeds
from ingestion.contracts.moderation import CaseDecided, DecisionUndone

HANDLERS: dict[str, Handler] = {CaseDecided.type: decided.hear, DecisionUndone.type: decided.hear}
SWEEPS = (feeds.sweep,)
