"""Forgetting what no longer lets anybody in: sessions with their refresh tokens, one-time codes, challenges.

A session's rows stay a week beyond its end, for whoever asks what happened. Until then a refresh token that was used
twice still ends its family; afterwards it is unknown, and refused as well.
"""

import structlog

from api.core.db import transaction
from api.domains.identity.repository import forgetting

log = structlog.get_logger(__name__)
FORGET = "identity.forget_dead"
BATCH = 5000


async def forget_dead() -> None:
    """Delete all that is due, in transactions of `BATCH` sessions."""
    async with transaction() as session:
        codes = await forgetting.delete_codes(session)
    sessions = 0
    while True:
        async with transaction() as session:
            found = await forgetting.delete_sessions(session, BATCH)
        sessions += found
        if found < BATCH:
            break
    if sessions or codes:
        log.info("sign_ins_forgotten", sessions=sessions, codes=codes)
