"""Forms of My Library and of the pages around it. Errors say beside the field what is wrong."""

import unicodedata
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shoko_ils.core.dates import DateField
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import clean_scan, is_card
from shoko_ils.holds.forms import PickupField
from shoko_ils.holds.models import Hold
from shoko_ils.mylibrary import codes, passwords
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.school import pupil_until
from shoko_ils.reference.models import Question

WAYS = (
    (codes.BY_MAIL, _("E-mail to the address on file")),
    (codes.BY_POSTCARD, _("Sealed postcard to the registered address")),
    (codes.AT_COUNTER, _("Slip from a counter, when you show a document")),
)


class CardField(forms.CharField):
    """A card number as people type it: full width, blanks, the letters of the barcode."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def clean(self, value: Any) -> str:
        number = clean_scan(super().clean(value))
        if not is_card(number):
            raise forms.ValidationError(_("A card number has eight figures. Please check it against the card."))
        return number


class PasswordField(forms.CharField):
    """A password; full width counts as half width, blanks count."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, strip=False, **kwargs)

    def clean(self, value: Any) -> str:
        return passwords.clean(super().clean(value))


class LogInForm(forms.Form):
    card = CardField()
    password = PasswordField()


class NumberForm(forms.Form):
    card = CardField()


class WayForm(NumberForm):
    way = forms.ChoiceField(choices=WAYS)


class CodeForm(NumberForm):
    """The code and the new password, twice."""

    code = forms.CharField(max_length=40)
    password = PasswordField()
    again = PasswordField()

    def clean_code(self) -> str:
        return passwords.clean_code(self.cleaned_data["code"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        password, again = given.get("password"), given.get("again")
        if password is None or again is None:
            return given
        told = {
            "short": _("Eight characters or more, please."),
            "card": _("The password may not contain the card number."),
            "common": _("This password is one of the first that is tried. Please think of another."),
        }
        if why := passwords.problem(password, given.get("card") or "\0"):
            self.add_error("password", told[why])
        elif password != again:
            self.add_error("again", _("The two are not the same."))
        return given


class PlaceForm(forms.Form):
    """What the basket asks for."""

    key = forms.UUIDField()
    pickup = PickupField()
    group_kind = forms.ChoiceField(choices=Hold.Group.choices, required=False)
    not_needed_after = forms.DateField(required=False)
    contact = forms.ChoiceField(choices=Patron.Contact.choices, required=False)

    def clean_not_needed_after(self) -> Any:
        day = self.cleaned_data["not_needed_after"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return day


class HoldForm(forms.Form):
    """An act on one of one's holds."""

    hold = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    act = forms.ChoiceField(choices=[(act, act) for act in ("cancel", "suspend", "resume", "pickup", "contact")])
    first = forms.DateField(required=False)
    until = forms.DateField(required=False)
    pickup = PickupField(required=False)
    contact = forms.ChoiceField(choices=Patron.Contact.choices, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        days = given.get("first"), given.get("until")
        if given.get("act") == "suspend" and (None in days or days[0] > days[1] or days[1] < timezone.localdate()):
            raise forms.ValidationError(_("Please give the first and the last day."))
        return given


class RenewForm(forms.Form):
    key = forms.UUIDField()
    loan = forms.IntegerField(min_value=0, max_value=2**63 - 1)


class FavouriteForm(forms.Form):
    record = forms.IntegerField(min_value=0, max_value=2**63 - 1)


class ContactForm(forms.Form):
    contact = forms.ChoiceField(choices=Patron.Contact.choices)
    email = forms.EmailField(required=False, max_length=254)
    password = PasswordField(required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("contact") != Patron.Contact.EMAIL:
            # of nobody else is an address kept (S4:L221-229)
            given["email"] = ""
        elif not given.get("email"):
            self.add_error("email", _("Please give the address."))
        return given


class RequestForm(forms.Form):
    key = forms.UUIDField()
    title = forms.CharField(max_length=200)
    author = forms.CharField(max_length=100, required=False)
    publisher = forms.CharField(max_length=100, required=False)
    isbn = forms.RegexField(r"^[0-9Xx-]*$", max_length=17, required=False)
    pickup = forms.ModelChoiceField(queryset=Library.objects.all(), to_field_name="key")

    def clean_isbn(self) -> str:
        return self.cleaned_data["isbn"].replace("-", "").upper()[:13]


class QuestionForm(forms.Form):
    key = forms.UUIDField()
    questioner = forms.ChoiceField(choices=Question.Questioner.choices)
    question = forms.CharField(max_length=2000)


class ProvisionalForm(forms.Form):
    """The fields of the paper form, without a card: those that the site's list has, and its postal codes (`towns`)."""

    name = forms.CharField(max_length=80)
    name_reading = forms.CharField(max_length=80)
    birth_date = DateField()
    postal_code = forms.CharField(max_length=20)
    address = forms.CharField(max_length=200)
    phone = forms.CharField(max_length=20, required=False)
    contact = forms.ChoiceField(choices=Patron.Contact.choices)
    email = forms.EmailField(required=False, max_length=254)
    guardian_name = forms.CharField(max_length=80, required=False)
    library = forms.ModelChoiceField(queryset=Library.objects.all(), to_field_name="key")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = declared.site()
        for name, under in (*declared.COLUMNS.items(), ("contact", "contact")):
            if name in self.fields and not site.has(under):
                del self.fields[name]
        self.towns = site.postal_codes if {"postal_code", "address"} <= set(self.fields) else {}

    def clean_postal_code(self) -> str:
        figures = unicodedata.normalize("NFKC", self.cleaned_data["postal_code"]).replace("-", "").replace("〒", "")
        figures = figures.replace("ー", "").replace(" ", "")
        if len(figures) != 7 or not (figures.isascii() and figures.isdigit()):
            raise forms.ValidationError(_("A postal code has seven figures."))
        return figures

    def clean_birth_date(self) -> Any:
        day = self.cleaned_data["birth_date"]
        if not day.year >= 1900 or day > timezone.localdate():
            raise forms.ValidationError(_("Please check the date of birth."))
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        contact = given.get("contact")
        if contact == Patron.Contact.EMAIL and not given.get("email"):
            self.add_error("contact" if "email" not in self.fields else "email", _("Please give the address."))
        elif contact != Patron.Contact.EMAIL:
            # of nobody else is an address kept (S4:L221-229)
            given["email"] = ""
        born = given.get("birth_date")
        if pupil_until(born, timezone.localdate()) is None:
            # of nobody else is a guardian kept (S0:L190)
            given["guardian_name"] = ""
        if contact == Patron.Contact.PHONE and not given.get("phone"):
            self.add_error("contact" if "phone" not in self.fields else "phone", _("Please give the number."))
        return given


class ReceiptForm(forms.Form):
    receipt = forms.CharField(max_length=40)

    def clean_receipt(self) -> str:
        return passwords.clean_code(self.cleaned_data["receipt"])
