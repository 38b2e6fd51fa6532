"""What content does in the background: articles come out at their time."""

from api.core.inbox import Handler
from api.domains.content.service import publishing

HANDLERS: dict[str, Handler] = {}
SWEEPS = (publishing.publish_due,)
