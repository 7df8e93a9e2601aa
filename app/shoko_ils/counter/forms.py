"""Forms of the counter. Scanned text is cleaned here, decided elsewhere."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import clean_scan


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["library"].queryset = Library.objects.all()  # type: ignore[attr-defined]


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
    """One scan, the key that makes its repetition harmless, and the signed sitting."""

    scan = forms.CharField(max_length=40, required=False)
    key = forms.UUIDField()
    sitting = forms.CharField(max_length=300, required=False)

    def clean_scan(self) -> str:
        return clean_scan(self.cleaned_data["scan"])


def new_key() -> uuid.UUID:
    """Key of a form that has not been sent yet."""
    return uuid.uuid4()
