"""Forms of the counter. Scanned text is cleaned here, decided elsewhere."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shoko_ils.circulation.models import ReturnCase
from shoko_ils.circulation.services import Late, LateReason, OutOfRange, PermitReason, book_drop
from shoko_ils.core.dates import DateField
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.barcode import clean_scan

# signed, with all that is undecided
LONGEST_SITTING = 8000


class LoginForm(forms.Form):
    """ID, password, and the library whose counter this is."""

    login_id = forms.CharField(
        label=_("Staff ID"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    library = forms.ModelChoiceField(
        label=_("Library of this counter"), queryset=Library.objects.none(), empty_label=None
    )
    point = forms.ModelChoiceField(
        label=_("Service point"), queryset=ServicePoint.objects.none(), required=False, empty_label="—"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["library"].queryset = Library.objects.all()  # type: ignore[attr-defined]
        points = ServicePoint.objects.all()
        if points:
            self.fields["point"].queryset = points  # type: ignore[attr-defined]
        else:
            del self.fields["point"]


class SupervisorForm(forms.Form):
    """Who stands beside a trainee: ID and password of an officer, and the trainee's own log-in, signed."""

    trainee = forms.CharField(max_length=300, widget=forms.HiddenInput)
    login_id = forms.CharField(
        label=_("Staff ID of the supervisor"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password of the supervisor"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    code = forms.CharField(
        label=_("Code of the supervisor (if one is set up)"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class CodeForm(forms.Form):
    """The second factor, with the accepted password, signed."""

    person = forms.CharField(max_length=300, widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("Code of the second factor, or a recovery code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class ScanForm(forms.Form):
    """One scan, the key that makes its repetition harmless, and the signed sitting or undo."""

    scan = forms.CharField(max_length=40, required=False)
    key = forms.UUIDField()
    sitting = forms.CharField(max_length=LONGEST_SITTING, required=False)

    def clean_scan(self) -> str:
        return clean_scan(self.cleaned_data["scan"])


class LateForm(forms.Form):
    """The day on which it was really done, if not today. `day` is `today`, `drop` or `other`."""

    day = forms.ChoiceField(choices=[("today", ""), ("drop", ""), ("other", "")], required=False)
    on = DateField(required=False)
    late_reason = forms.ChoiceField(
        choices=[(one.value, "") for one in LateReason if one is not LateReason.BOOK_DROP], required=False
    )

    def late(self, library: Library) -> Late | None:
        """None for today. Raises OutOfRange; an incomplete entry is out of range too."""
        if not self.is_valid():
            raise OutOfRange("not a day")
        given = self.cleaned_data
        if given["day"] == "drop":
            return book_drop(library)
        if given["day"] != "other":
            return None
        if not given["on"] or not given["late_reason"]:
            raise OutOfRange("day and reason are needed")
        return Late(given["on"], LateReason(given["late_reason"]))


class HoldBackForm(ScanForm):
    """The scan of an item that is to be checked, and why."""

    reason = forms.ChoiceField(
        choices=[(one.value, "") for one in ReturnCase.Reason if one is not ReturnCase.Reason.LOST]
    )


class PermitForm(forms.Form):
    """An exception: for which item, why, and unless an officer asks, an officer's card and PIN or ID and password."""

    key = forms.UUIDField()
    sitting = forms.CharField(max_length=LONGEST_SITTING)
    about = forms.CharField(max_length=40, required=False)
    reason = forms.ChoiceField(choices=[(one.value, "") for one in PermitReason])
    card = forms.CharField(max_length=40, required=False)
    pin = forms.CharField(max_length=20, required=False)
    login_id = forms.CharField(max_length=40, required=False)
    password = forms.CharField(max_length=200, required=False, strip=False)

    def clean_card(self) -> str:
        return clean_scan(self.cleaned_data["card"])


def new_key() -> uuid.UUID:
    """Key of a form that has not been sent yet."""
    return uuid.uuid4()
