"""Sending a notice: by e-mail through the owner's server, or to an ntfy topic.

What is sent names nobody and no thing: somebody else's server carries it, and it only
says that the page is worth a look. Imported when the first one is sent.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

import aiohttp

from node.i18n import N_, translator
from node.notices.bell import SendingFailed
from node.notices.channels import Channels, Mail, Ntfy
from node.notices.facts import EVENTS

_TIMEOUT_S: Final = 20.0
_LINES: Final = {
    "asked": N_("Somebody asks for one of your things."),
    "answered": N_("There is an answer to what you asked for."),
    "between": N_("Somebody asks to be passed on by you."),
    "changed": N_("Something changed about a loan."),
    "due": N_("Something is to be fetched or brought back, or is late."),
    "people": N_("Somebody has become your friend."),
    "test": N_("This is a test: notices arrive here."),
}
_LOOK: Final = N_("Open your page to see more.")


async def send(channels: Channels, channel: str, events: Sequence[str], language: str) -> None:
    """Say over one channel that something of these kinds happened. Raises SendingFailed."""
    subject, text = words(events, language)
    if channel == "mail":
        await asyncio.to_thread(send_mail, channels.mail, subject, text)
    else:
        await send_ntfy(channels.ntfy, subject, text)


def words(events: Sequence[str], language: str) -> tuple[str, str]:
    """Subject and text: what kind of thing happened, and nothing of it."""
    say: Callable[[str], str] = translator(language).gettext
    lines = [say(_LINES[event]) for event in (*EVENTS, "test") if event in events]
    return f"Open House: {lines[0]}", "\n".join([*lines, "", say(_LOOK)])


def send_mail(mail: Mail, subject: str, text: str) -> None:
    """Hand one message to the owner's server; takes its time. Raises SendingFailed."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail.sender, mail.to
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    context = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_S, context=context)
            if mail.security == "tls"
            else smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S)
        ) as server:
            if mail.security == "starttls":
                server.starttls(context=context)
            if mail.user:
                server.login(mail.user, mail.password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise SendingFailed(_reason(error)) from error


async def send_ntfy(ntfy: Ntfy, subject: str, text: str) -> None:
    """Publish one message. Raises SendingFailed."""
    headers = {"Authorization": f"Bearer {ntfy.token}"} if ntfy.token else {}
    body = {"topic": ntfy.topic, "title": subject, "message": text}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(ntfy.server, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise SendingFailed(f"{answer.status} {answer.reason or ''}".strip())
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise SendingFailed(_reason(error)) from error


def _reason(error: Exception) -> str:
    """What went wrong, without what was sent: servers may repeat names and passwords."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{error.smtp_code} (user name or password)"
    if isinstance(error, smtplib.SMTPResponseException):
        return str(error.smtp_code)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ", ".join(str(code) for code, _ in error.recipients.values())
    if isinstance(error, TimeoutError):
        return "timeout"
    return getattr(error, "strerror", None) or type(error).__name__
