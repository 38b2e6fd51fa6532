"""`python -m infra.gateway`: serve on the loopback address of AGORA_GATEWAY_URL until told to stop."""

import sys

from granian import Granian
from granian.constants import Interfaces, Loops
from pydantic import ValidationError

from infra.gateway.settings import get_settings


def main() -> None:
    """Run one worker: the charges have one writer."""
    try:
        settings = get_settings()
    except ValidationError as error:
        names = "; ".join(f"AGORA_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
        sys.exit(f"the gateway cannot start: {names}")
    Granian(
        "infra.gateway.app:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=1,
        factory=True,
        websockets=False,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
