"""Sending a notice: by e-mail through the owner's server, or to an ntfy topic.

What is sent names nobody and no thing: somebody else's server carries it, and it only
says that the page is worth a look. Imported when the first one is sent.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
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
# What this computer is called concerns no server, and asking for it can take long.
_HELLO: Final = "[127.0.0.1]"
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
            smtplib.SMTP_SSL(
                mail.host, mail.port, timeout=_TIMEOUT_S, context=context, local_hostname=_HELLO
            )
            if mail.security == "tls"
            else smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S, local_hostname=_HELLO)
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
    """What went wrong: a key of ``PROBLEMS`` or a number.

    Nothing of what the server said: it may repeat names and passwords.
    """
    match error:
        case ssl.SSLCertVerificationError():
            return "certificate"
        case aiohttp.ClientConnectorCertificateError():
            return "certificate"
        case ssl.SSLError() | aiohttp.ClientSSLError():
            return "no-tls"
        case smtplib.SMTPNotSupportedError():
            return "no-starttls" if "STARTTLS" in str(error) else "login"
        case smtplib.SMTPAuthenticationError():
            return "login"
        case smtplib.SMTPResponseException():
            return str(error.smtp_code)
        case smtplib.SMTPRecipientsRefused():
            return ", ".join(str(code) for code, _ in error.recipients.values())
        case TimeoutError():
            return "timeout"
        case smtplib.SMTPServerDisconnected() | aiohttp.ServerDisconnectedError():
            return "hung-up"
        case aiohttp.ClientConnectorError():
            return _reason(error.os_error)
        case socket.gaierror():
            return "no-such-server"
        case ConnectionRefusedError():
            return "nobody"
        case _:
            return getattr(error, "strerror", None) or type(error).__name__
