"""What identity does in the background: dead sign-ins and codes are forgotten."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.identity.service.forgetting import FORGET, forget_dead

HANDLERS: dict[str, Handler] = {}
TASKS: dict[str, Task] = {FORGET: forget_dead}
PERIODIC = {FORGET: "17 * * * *"}
