"""Sends the mail of the outbox through the relay: each notice at most once, its text made at that moment."""

import datetime as dt
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone, translation

from shoko_ils.notices import kinds, services
from shoko_ils.notices.models import Notice

MOST_ATTEMPTS = 5
AGAIN_AFTER = dt.timedelta(minutes=10)


def send_due(limit: int = 500) -> dict[str, int]:
    """Send what is due; counts by result: sent, again (later), failed, withdrawn."""
    counts = {"sent": 0, "again": 0, "failed": 0, "withdrawn": 0}
    for _ in range(limit):
        notice = _claim()
        if notice is None:
            break
        counts[_send(notice)] += 1
    return counts


def _claim() -> Notice | None:
    """The next due mail, marked as being sent by a commit of its own: a crash after it sends nothing twice."""
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .filter(state=Notice.State.WAITING, way=Notice.Way.MAIL, not_before__lte=timezone.now())
            .order_by("not_before", "id")
            .first()
        )
        if notice is not None:
            Notice.objects.filter(pk=notice.pk).update(state=Notice.State.SENDING, attempts=notice.attempts + 1)
    return notice


def _send(notice: Notice) -> str:
    with translation.override("ja"):
        kind = kinds.of(notice)
        patron = notice.patron
        body = kind.body(notice) if patron is not None else None
        address = notice.address or (patron.email if patron is not None else "")
        if body is None:
            services.let_go(notice)
            return "withdrawn"
        if not address:
            sending = Notice.objects.filter(pk=notice.pk, state=Notice.State.SENDING)
            sending.update(state=Notice.State.FAILED, error="no-address")
            return "failed"
        message = EmailMessage(
            kind.subject(),
            body,
            settings.MAIL_FROM,
            [address],
            headers={"Message-ID": _message_id(notice), "Auto-Submitted": "auto-generated"},
            connection=get_connection(),
        )
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        return _not_sent(notice, error)
    with transaction.atomic():
        # the matter may have ended meanwhile: then the row has left `sending` and stays as it is
        locked = Notice.objects.select_for_update(no_key=True).get(pk=notice.pk)
        if locked.state == Notice.State.SENDING:
            services.delivered(locked, timezone.localdate())
    return "sent"


def _message_id(notice: Notice) -> str:
    """The same for every try of a notice: whoever gets it twice can tell."""
    domain = settings.MAIL_FROM.rpartition("@")[2].rstrip(">") or "localhost"
    return f"<notice-{notice.pk}@{domain}>"


def _not_sent(notice: Notice, error: Exception) -> str:
    """Wait and try again, unless the relay said never (5xx) or it was tried often enough."""
    code = getattr(error, "smtp_code", 0)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in error.recipients.values()), default=0)
    never = 500 <= code < 600 or notice.attempts + 1 >= MOST_ATTEMPTS
    Notice.objects.filter(pk=notice.pk, state=Notice.State.SENDING).update(
        state=Notice.State.FAILED if never else Notice.State.WAITING,
        not_before=timezone.now() + AGAIN_AFTER * 2**notice.attempts,
        error=f"{type(error).__name__} {code or ''}".strip()[:60],
    )
    return "failed" if never else "again"
