"""How a process of the data plane starts and stops."""

import gc
import signal
import sys
import threading
from collections.abc import Callable

import structlog

from ingestion.logs import configure_logs
from ingestion.settings import Settings, SettingsError, load_settings

log = structlog.get_logger(__name__)


def main(run: Callable[[Settings, threading.Event], None]) -> None:
    """Run until SIGTERM or SIGINT; a setting that cannot be used ends the process at once, by name."""
    configure_logs()
    try:
        settings = load_settings()
    except SettingsError as error:
        log.error("refused", reason=str(error))
        sys.exit(2)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Batches of many thousand short-lived objects make the default thresholds walk the heap all the time.
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)
    run(settings, stop)
    log.info("stopped")
