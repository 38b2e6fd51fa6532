"""Outgoing mail: by SMTP where `AGORA_MAIL_SMTP_URL` is set, else into a local mailbox (`AGORA_MAIL_DIR`, Maildir)."""

import asyncio
import mailbox
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import aiosmtplib
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.jobs import Task, enqueue
from api.core.settings import Settings, get_settings

SEND = "core.send_mail"


async def send_mail(session: AsyncSession, to: str, subject: str, body: str) -> None:
    """Queue a plain-text mail with the session's other work; it leaves when that stands."""
    settings = get_settings()
    message_id = make_msgid(domain=urlsplit(settings.api_url).hostname or "localhost")
    await enqueue(session, SEND, to=to, subject=subject, body=body, message_id=message_id)


async def deliver(to: str, subject: str, body: str, message_id: str) -> None:
    """Hand one mail over. A repeated delivery bears the same Message-ID. Raises OSError and SMTPException."""
    settings = get_settings()
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, subject
    message["Date"], message["Message-ID"] = formatdate(localtime=False), message_id
    message.set_content(body)
    if settings.mail_smtp_url is None:
        await asyncio.to_thread(_keep, settings, message)
        return
    server = urlsplit(settings.mail_smtp_url)
    await aiosmtplib.send(
        message,
        hostname=server.hostname,
        port=server.port,
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=server.scheme == "smtps",
        timeout=30,
    )


def _keep(settings: Settings, message: EmailMessage) -> None:
    settings.mail_dir.parent.mkdir(parents=True, exist_ok=True)
    mailbox.Maildir(settings.mail_dir, create=True).add(message)


TASKS: dict[str, Task] = {SEND: deliver}
