"""What communities does in the background."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.communities.service import feeds, notifications

HANDLERS: dict[str, Handler] = {}
SWEEPS = (feeds.sweep,)
TASKS: dict[str, Task] = {
    notifications.SEND_DIGESTS: notifications.send_digests,
    notifications.FORGET: notifications.forget_old,
}
PERIODIC = {notifications.SEND_DIGESTS: "23 * * * *", notifications.FORGET: "41 3 * * *"}
