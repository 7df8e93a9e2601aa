"""The only writers of the register of enquiries. Each act is in the audit, without a patron: an entry names none."""

import datetime as dt
import uuid
from dataclasses import dataclass

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.enquiries.models import Enquiry
from shoko_ils.patrons.services.write import Refused, transact

SCREEN = "enquiries"


@dataclass(frozen=True)
class Asked:
    """What an authority asks, by codes of Enquiry."""

    kind: str
    office: str
    document: str
    about: tuple[str, ...]
    received_on: dt.date


@dataclass(frozen=True)
class Answer:
    """What was answered on which day, and the post (職名) that decided it."""

    outcome: str
    decided_by: str
    answered_on: dt.date


def receive(actor: audit.Actor, library: Library, asked: Asked, key: uuid.UUID, corrects: int | None = None) -> Enquiry:
    """Enter an enquiry, or anew the one whose number is `corrects`. The same key gives the same row.

    Raises Refused: "gone" (no such entry), "corrected" (it was entered anew before).
    """

    def operation() -> Enquiry:
        done = Enquiry.objects.filter(key=key).first()
        if done:
            return done
        if corrects is not None:
            former = Enquiry.objects.select_for_update(no_key=True).filter(pk=corrects).first()
            if former is None:
                raise Refused("gone")
            if Enquiry.objects.filter(corrects=former).exists():
                raise Refused("corrected")
        made = Enquiry.objects.create(
            key=key, kind=asked.kind, office=asked.office, document=asked.document, asked=sorted(asked.about),
            received_on=asked.received_on, received_by=actor.login_id, library=library, corrects_id=corrects,
        )  # fmt: skip
        audit.write(actor, "receive-enquiry" if corrects is None else "correct-enquiry", SCREEN)
        return made

    return transact(operation)


def answer(actor: audit.Actor, number: int, given: Answer) -> None:
    """Note the answer, once.

    Raises Refused: "gone", "closed" (answered or corrected), "no-warrant", "warrant" (and so no breach), "before".
    """

    def operation() -> None:
        enquiry = Enquiry.objects.select_for_update(no_key=True).filter(pk=number).first()
        if enquiry is None:
            raise Refused("gone")
        if (enquiry.outcome, enquiry.decided_by, enquiry.answered_on) == (
            given.outcome, given.decided_by, given.answered_on,
        ):  # fmt: skip
            return
        if enquiry.outcome or Enquiry.objects.filter(corrects=enquiry).exists():
            raise Refused("closed")
        if given.outcome not in enquiry.outcomes:
            raise Refused("warrant" if enquiry.kind == Enquiry.Kind.WARRANT else "no-warrant")
        if given.answered_on < enquiry.received_on:
            raise Refused("before")
        enquiry.outcome, enquiry.decided_by = given.outcome, given.decided_by
        enquiry.answered_on, enquiry.answered_by = given.answered_on, actor.login_id
        enquiry.save(update_fields=["outcome", "decided_by", "answered_on", "answered_by"])
        audit.write(actor, "answer-enquiry", SCREEN)

    transact(operation)


def read(actor: audit.Actor) -> None:
    """Note that the register was looked at."""
    audit.write(actor, "read-enquiries", SCREEN)
