"""Forms of the register of enquiries: codes, an office, the number of a document, and days."""

import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shoko_ils.core.dates import DateField
from shoko_ils.enquiries import words
from shoko_ils.enquiries.models import DOCUMENT, OFFICE, Enquiry
from shoko_ils.enquiries.services import Answer, Asked
from shoko_ils.patrons.forms import Plain, text
from shoko_ils.staff import jobs


def not_to_come(day: dt.date) -> dt.date:
    if day > timezone.localdate():
        raise ValidationError(_("This day is still to come."))
    return day


def without_blanks(given: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", given))


def posts() -> list[tuple[str, str]]:
    """Who may have decided: the posts (職名) of the site, or its classes of staff if it tells no posts apart."""
    language = "en" if get_language() == "en" else "ja"
    return [(each, jobs.name(each, language)) for each in jobs.posts() or jobs.classes()]


class EnquiryForm(Plain):
    """An enquiry; `corrects` is the number of the entry that it corrects."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.IntegerField(required=False, max_value=2**63 - 1, widget=forms.HiddenInput)
    received_on = DateField(label=_("Received on"))
    kind = forms.ChoiceField(label=_("Kind"), choices=[(str(k), v) for k, v in words.KIND.items()])
    office = text(_("Authority, by the name of its office"), 40, required=True, lang="ja")
    document = text(_("Number of the document"), 40, lang="ja")
    asked = forms.MultipleChoiceField(
        label=_("Asked about"), choices=[(str(k), v) for k, v in words.ASKED.items()],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def clean_received_on(self) -> dt.date:
        return not_to_come(self.cleaned_data["received_on"])

    def clean_office(self) -> str:
        given = without_blanks(self.cleaned_data["office"])
        if not re.fullmatch(OFFICE, given):
            raise ValidationError(_("This is not the name of an office. Nobody's name belongs into this register."))
        return given

    def clean_document(self) -> str:
        given = without_blanks(self.cleaned_data["document"])
        if given and not re.fullmatch(DOCUMENT, given):
            raise ValidationError(_("A number of a document has a figure in it."))
        return given

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "document" in given and not given["document"] and given.get("kind") != Enquiry.Kind.OTHER:
            self.add_error("document", _("An enquiry of this kind is a document with a number."))
        return given

    def entry(self) -> Asked:
        given = self.cleaned_data
        return Asked(given["kind"], given["office"], given["document"], tuple(given["asked"]), given["received_on"])


class AnswerForm(Plain):
    """What was answered, and who decided it."""

    enquiry = forms.IntegerField(max_value=2**63 - 1)
    outcome = forms.ChoiceField(choices=[(str(k), v) for k, v in words.OUTCOME.items()])
    decided_by = forms.ChoiceField(choices=posts)
    answered_on = DateField()

    def clean_answered_on(self) -> dt.date:
        return not_to_come(self.cleaned_data["answered_on"])

    def answer(self) -> Answer:
        given = self.cleaned_data
        return Answer(given["outcome"], given["decided_by"], given["answered_on"])
