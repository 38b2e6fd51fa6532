"""Alerts: something is wrong until it is well again. Each source has one at a time, and its listener hears it once."""

from datetime import UTC, datetime

import httpx
import structlog

from pipelines.lib.ops import open_ops
from pipelines.lib.settings import Settings

log = structlog.get_logger(__name__)
_RAISE = """
insert into ops.alerts (source, message) values (%s, %s)
on conflict (source) where ended_at is null
do update set message = excluded.message, seen_at = clock_timestamp(), times = alerts.times + 1
returning times
"""
_END = "update ops.alerts set ended_at = clock_timestamp() where source = %s and ended_at is null"


def tell(settings: Settings, source: str, message: str | None) -> None:
    """Raise the alert of a source, say once more that it stands, or end it with None."""
    if message is None:
        with open_ops(settings) as connection:
            connection.execute(_END, (source,))
        return
    text = message[:2000].replace("\0", "\ufffd")
    with open_ops(settings) as connection:
        is_new = connection.execute(_RAISE, (source, text)).fetchone() == (1,)
    if is_new:
        log.warning("alert", source=source, message=text)
        _send(settings, source, text)


def _send(settings: Settings, source: str, message: str) -> None:
    """To the address that the environment names. Who does not answer is no reason to stop: the alert stands anyway."""
    if settings.pipelines_alert_url is None:
        return
    try:
        body = {"source": source, "message": message, "raised_at": datetime.now(UTC).isoformat()}
        httpx.post(settings.pipelines_alert_url, json=body, timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("alert_not_delivered", source=source, error=type(error).__name__)
