"""Forms of the register. Their fields follow the site's list: what is not declared is not asked."""

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
from shoko_ils.holdings.barcode import clean_scan
from shoko_ils.patrons import declared, school, words
from shoko_ils.patrons.disclosure import MIN_PASSPHRASE
from shoko_ils.patrons.models import Patron, PatronCategory
from shoko_ils.patrons.services.registration import Details

OLDEST = 130
HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


class Plain(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class FindForm(Plain):
    """A card number, or two of reading, birth date, and end of the telephone number."""

    text = forms.CharField(
        label=_("Card number or reading"), max_length=80, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True, "id": "scan"}),
    )  # fmt: skip
    birth_date = DateField(label=_("Date of birth"), required=False)
    phone_end = forms.RegexField(
        label=_("Last 4 digits of the telephone"), regex=r"^[0-9]{4}$", required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 4}),
        error_messages={"invalid": _("Four digits are needed.")},
    )  # fmt: skip


def text(label: Any, length: int = 80, *, required: bool = False, **attributes: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, max_length=length, required=required, widget=widget)


class PatronForm(Plain):
    """A registration in the order of the paper form."""

    category = forms.ModelChoiceField(label=_("Category"), queryset=PatronCategory.objects.none(), empty_label=None)
    name = text(_("Name"), required=True, lang="ja")
    name_reading = text(_("Reading"), required=True, lang="ja")
    birth_date = DateField(label=_("Date of birth"), required=False)
    postal_code = text(_("Postal code"), 10, inputmode="numeric")
    address = text(_("Address"), 200, lang="ja")
    phone = text(_("Telephone"), 20, inputmode="tel")
    contact = forms.ChoiceField(
        label=_("Way of contact"), choices=[(str(k), v) for k, v in words.CONTACT.items()], initial="none"
    )
    email = forms.EmailField(label=_("E-mail (only if wished)"), required=False)
    guardian_name = text(_("Guardian (only of primary school pupils)"), lang="ja")
    contact_name = text(_("Contact person"), lang="ja")
    contact_phone = text(_("Telephone of the contact person"), 20, inputmode="tel")
    notes = forms.MultipleChoiceField(label=_("Notes"), required=False, widget=forms.CheckboxSelectMultiple)

    always: tuple[str, ...] = ("category", "name")

    def __init__(self, *args: Any, kind: str = Patron.Kind.PERSON, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        site, language = declared.site(), "en" if get_language() == "en" else "ja"
        self.fields["notes"].choices = [(key, names[language]) for key, names in site.notes.items()]  # type: ignore[attr-defined]
        group = kind == Patron.Kind.GROUP
        self.fields["category"].queryset = PatronCategory.objects.filter(for_groups=group)  # type: ignore[attr-defined]
        keep = {*self.always, *site.columns}
        keep |= {name for name in ("contact", "notes") if site.has(name)}
        keep |= {"contact_name", "contact_phone"} if group and site.has("group_contact") else set()
        keep -= {"birth_date", "guardian_name"} if group else set()
        if not site.notes:
            keep.discard("notes")
        for name in set(self.fields) - keep:
            del self.fields[name]
        # typing a code of the list fills the town in (town.js)
        self.towns = site.postal_codes if {"postal_code", "address"} <= keep else {}
        if self.towns:
            self.fields["postal_code"].widget.attrs["list"] = "postal-codes"

    def clean_name_reading(self) -> str:
        """Hiragana and half width become katakana, as the paper form asks for."""
        given = unicodedata.normalize("NFKC", self.cleaned_data["name_reading"]).translate(HIRAGANA_TO_KATAKANA)
        if not re.fullmatch(r"[ァ-ヶー・\s]+", given):
            raise ValidationError(_("The reading is written in kana."))
        return given

    def clean_birth_date(self) -> dt.date | None:
        given, today = self.cleaned_data["birth_date"], timezone.localdate()
        if (given and not today.year - OLDEST <= given.year <= today.year) or (given and given > today):
            raise ValidationError(_("Nobody alive was born on this day."))
        return given  # type: ignore[no-any-return]

    def clean_postal_code(self) -> str:
        given = re.sub(r"[\s\-‐−ー〒]", "", unicodedata.normalize("NFKC", self.cleaned_data["postal_code"]))
        if given and not re.fullmatch(r"[0-9]{7}", given):
            raise ValidationError(_("A postal code has 7 digits."))
        return given

    def _phone(self, name: str) -> str:
        given = re.sub(r"\s", "", unicodedata.normalize("NFKC", self.cleaned_data[name]))
        given = re.sub(r"[()‐−ー]", "-", given).strip("-")
        if given and not (re.fullmatch(r"[0-9-]+", given) and 9 <= len(given.replace("-", "")) <= 11):
            raise ValidationError(_("A telephone number has 9 to 11 digits."))
        return given

    def clean_phone(self) -> str:
        return self._phone("phone")

    def clean_contact_phone(self) -> str:
        return self._phone("contact_phone")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("contact") == Patron.Contact.EMAIL and not given.get("email") and "email" not in self.errors:
            self.add_error("email", _("Enter the address, or choose another way of contact."))
        if given.get("contact") == Patron.Contact.PHONE and not given.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("Enter the number, or choose another way of contact."))
        if given.get("email") and given.get("contact") != Patron.Contact.EMAIL:
            self.add_error("email", _("An e-mail address is only kept of those who wish to be told by e-mail."))
        pupil = school.pupil_until(given.get("birth_date"), timezone.localdate())
        if given.get("guardian_name") and pupil is None and not self.initial.get("primary_reason"):
            self.add_error(
                "guardian_name", _("A guardian is only kept of primary school pupils: enter the date of birth.")
            )
        return given

    def details(self) -> Details:
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("category", "notes")}
        return Details(
            category_id=self.cleaned_data["category"].pk,
            kind=self.kind,
            notes=frozenset(self.cleaned_data.get("notes", ())),
            **given,
        )


class NewPatronForm(PatronForm):
    """The registration with its card, and whether the possible duplicates have been looked at."""

    always = (*PatronForm.always, "card", "key", "knows_duplicates")

    card = forms.CharField(
        label=_("Scan the new card"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    knows_duplicates = forms.BooleanField(
        label=_("I have compared them: this is another person"), required=False, widget=forms.HiddenInput
    )

    def clean_card(self) -> str:
        return clean_scan(self.cleaned_data["card"])

    def details(self) -> Details:
        kept = {name: self.cleaned_data.pop(name) for name in ("card", "key", "knows_duplicates")}
        made = super().details()
        self.cleaned_data |= kept
        return made


class CardForm(Plain):
    """A new card, in place of one or beside it."""

    old = forms.CharField(max_length=8, required=False, widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=_("Why the card ended"), required=False, choices=[(str(k), v) for k, v in words.CARD_REASON.items()]
    )
    number = forms.CharField(
        label=_("Scan the new card"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_number(self) -> str:
        return clean_scan(self.cleaned_data["number"])


class GuardianForm(Plain):
    """A dated decision that a child is a pupil longer than by law."""

    reason = forms.ChoiceField(
        label=_("Reason"), required=False, choices=[(str(k), v) for k, v in words.PRIMARY_REASON.items()]
    )
    until = DateField(label=_("Primary school pupil until"))


class EraseForm(Plain):
    """Why a registration is erased."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), choices=[(str(k), v) for k, v in words.ERASURE_REASON.items()])


class RequestForm(Plain):
    """A request for disclosure, correction or cease of use."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Request"), choices=[(str(k), v) for k, v in words.REQUEST_KIND.items()])
    identity = forms.ChoiceField(label=_("Recognised by"), choices=[(str(k), v) for k, v in words.IDENTITY.items()])


class PassphraseForm(Plain):
    """What the person chooses and types himself; it is kept nowhere."""

    passphrase = forms.CharField(
        label=_("Passphrase, typed by the person (12 characters or more)"),
        min_length=MIN_PASSPHRASE,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    again = forms.CharField(
        label=_("The same once more"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("passphrase") and given.get("passphrase") != given.get("again"):
            self.add_error("again", _("The two are not the same."))
        return given
