"""The only writers of reference questions and cases (S4:L75, L135)."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.catalog.normalise import fold
from shoko_ils.core import db
from shoko_ils.core.models import Library
from shoko_ils.notices import services as notices
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.models import Case, Investigation, Question

ANSWERED = "reference-answer"


def _touch(key: uuid.UUID) -> int:
    return Question.objects.filter(key=key).update(question=F("question"))


def ask_by_web(patron: Patron, questioner: str, text: str, key: uuid.UUID) -> Question:
    """A question by a signed-in patron. The same key gives the same question; ValueError for an unknown class."""
    return _receive(
        None,
        key,
        channel=Question.Channel.WEB, questioner=Question.Questioner(questioner), question=text.strip(),
        library=patron.library, patron=patron,
    )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question as it was heard at the counter or by telephone, by codes of Question: nothing of the person."""

    channel: str
    questioner: str
    text: str


def receive(actor: audit.Actor, library: Library, asked: Asked, key: uuid.UUID) -> Question:
    """Record a question. The same key gives the same one; ValueError for unknown codes, and for one by web."""
    if asked.channel == Question.Channel.WEB:
        raise ValueError("a question by web comes from the public service")
    return _receive(
        actor,
        key,
        channel=Question.Channel(asked.channel), questioner=Question.Questioner(asked.questioner),
        question=asked.text.strip(),
        library=library, received_by=actor.login_id,
    )  # fmt: skip


def _receive(actor: audit.Actor | None, key: uuid.UUID, **fields: object) -> Question:
    """Record it once; `actor` is who did so at a counter, None for a citizen's own question."""

    def operation() -> Question:
        fresh = {**fields, "received_on": timezone.localdate()}
        found, made = Question.objects.get_or_create(key=key, defaults=fresh)
        if made and actor is not None:
            audit.write(actor, "reference-receive", "reference")
        return found

    return db.run(operation, confirm=lambda: _touch(key))


def note(actor: audit.Actor, question: Question, text: str) -> None:
    """One step of the investigation."""
    with transaction.atomic():
        Investigation.objects.create(
            question=question, note=text.strip(), noted_on=timezone.localdate(), noted_by=actor.login_id
        )
        audit.write(actor, "reference-note", "reference")


def answer(actor: audit.Actor, number: int, text: str) -> bool:
    """Answer a question, or correct the answer. Who asked by web is told that there is one, and nothing of it."""
    with transaction.atomic():
        question = (
            Question.objects.select_for_update(of=("self",), no_key=True)
            .select_related("patron", "library")
            .filter(pk=number)
            .first()
        )
        if question is None or not text.strip():
            return False
        first = not question.answer
        question.answer, question.answered_by = text.strip(), actor.login_id
        question.answered_on = question.answered_on or timezone.localdate()
        question.save(update_fields=["answer", "answered_by", "answered_on"])
        if first and question.patron is not None:
            notices.put(ANSWERED, number, question.patron, question.library, once=str(number))
        audit.write(actor, "reference-answer", "reference")
    return True


@dataclass(frozen=True)
class CaseText:
    """A case as staff write it for everybody to read."""

    question: str
    answer: str
    sources: str = ""
    ndc: str = ""


def publish(actor: audit.Actor, text: CaseText, key: uuid.UUID) -> Case:
    """Publish a case; the same key changes nothing. No column of it leads to a question or a person."""
    with transaction.atomic():
        case, made = Case.objects.get_or_create(
            key=key,
            defaults={
                "question": text.question, "answer": text.answer, "sources": text.sources, "ndc": text.ndc,
                "folded": fold(f"{text.question} {text.answer}"), "published_on": timezone.localdate(),
            },
        )  # fmt: skip
        if made:
            audit.write(actor, "case-publish", "reference")
    return case


def withdraw(actor: audit.Actor, number: int) -> None:
    """Take a published case away."""
    with transaction.atomic():
        Case.objects.filter(pk=number).delete()
        audit.write(actor, "case-withdraw", "reference")
