"""Everything that is stored of a person (開示), for that person alone: HTML and JSON in an encrypted archive."""

import datetime as dt
import io
import json
from typing import Any

import pyzipper
from django.conf import settings
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import CaseContact, CasePhoto, ReturnCase
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.obstacles import relations

MIN_PASSPHRASE = 12
# tables that the staff service cannot read (S4:L325-331): the person sees their content in My Library
UNREADABLE = (
    "patron_password", "password_code", "code_sending", "patron_session", "favourite", "history_wish", "reading_note",
    "ended_hold",
)  # fmt: skip


def collect(patron: Patron) -> dict[str, list[dict[str, Any]]]:
    """Table → rows that belong to the person: his own, all that point at him, and what the audit has of him.

    Found by the foreign keys themselves, so that a table of tomorrow is not forgotten. An open loan or hold comes with
    the title: it is the person's own.
    """
    found = {Patron._meta.db_table: [_row(patron)]}
    for relation in relations():
        model = relation.related_model
        if model._meta.db_table in UNREADABLE:
            continue
        rows = model._default_manager.filter(**{relation.field.name: patron}).order_by("pk")
        if rows:
            found[model._meta.db_table] = [_row(row) for row in rows]
    cases = ReturnCase.objects.filter(loan__patron=patron)
    for rows in (cases, CaseContact.objects.filter(case__in=cases), photos_of(patron)):
        if rows:
            found[rows.model._meta.db_table] = [_row(row) for row in rows]
    events = Event.objects.filter(subject=patron.pseudonym).order_by("id")
    # who looked is an office towards the person, not a name: the log-in ID stays inside
    found["audit_event"] = [
        {"at": event.at, "action": event.action, "screen": event.screen, "library": event.library} for event in events
    ]
    return found


def photos_of(patron: Patron) -> QuerySet[CasePhoto]:
    """Photos of what the person brought back damaged, while that is open."""
    return CasePhoto.objects.filter(case__loan__patron=patron).order_by("case", "position")


def _row(row: Model) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in row._meta.concrete_fields:
        value = getattr(row, each.attname)
        # who served him is no part of what is stored about the person; a photo is a file of its own
        if value in (None, "") or each.name.endswith("_by") or isinstance(value, bytes):
            continue
        if each.is_relation and each.related_model is Item:
            item = row.item  # type: ignore[attr-defined]
            values |= {"item": item.barcode, "title": item.record.title}
        elif each.is_relation and each.related_model is not Patron:
            values[each.name] = str(getattr(row, each.name))
        elif not each.is_relation:
            values[each.name] = value
    return values


def archive(patron: Patron, passphrase: str) -> bytes:
    """A zip archive, AES-256, with disclosure.html to read and disclosure.json for machines; both the same content,
    and the photos of cases that are open.

    The person chooses the passphrase (MIN_PASSPHRASE characters or more) and nobody keeps it.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise ValueError("passphrase too short")
    tables = collect(patron)
    head = {"site": settings.SITE["name"], "made": timezone.localtime().isoformat(timespec="seconds")}
    page = render_to_string("patrons/disclosed.html", {"tables": tables, **head})
    machine = json.dumps({**head, "tables": tables}, ensure_ascii=False, indent=1, default=_plain)
    memory = io.BytesIO()
    with pyzipper.AESZipFile(memory, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archived:
        archived.setpassword(passphrase.encode())
        archived.setencryption(pyzipper.WZ_AES, nbits=256)
        archived.writestr("disclosure.html", page)
        archived.writestr("disclosure.json", machine)
        for photo in photos_of(patron):
            archived.writestr(f"photo-{photo.case}-{photo.position}.jpg", bytes(photo.content))
    return memory.getvalue()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)
