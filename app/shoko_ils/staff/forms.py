"""Forms of operator, own account and staff accounts."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shoko_ils.core.dates import DateField
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import clean_scan
from shoko_ils.staff import jobs, words
from shoko_ils.staff.models import AuthorityRequest


class Plain(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


def secret(label: Any, **attributes: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, max_length=200, strip=False, widget=widget)


class OperatorForm(Plain):
    """Staff card and PIN."""

    card = forms.CharField(
        label=_("Staff card"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )
    pin = secret(_("PIN"), inputmode="numeric")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self["card"].value():
            del self.fields["card"].widget.attrs["autofocus"]
            self.fields["pin"].widget.attrs["autofocus"] = True

    def clean_card(self) -> str:
        return clean_scan(self.cleaned_data["card"])


class PasswordForm(Plain):
    """The own password, old and new."""

    old = secret(_("Password of now"), autocomplete="current-password")
    new = secret(_("New password (12 characters or more)"), autocomplete="new-password")
    again = secret(_("The same once more"), autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("new") and given["new"] != given.get("again"):
            self.add_error("again", _("The two are not the same."))
        return given


class PinForm(Plain):
    """The own staff card and its PIN."""

    card = forms.CharField(label=_("Staff card"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    pin = secret(_("PIN (4 to 6 digits)"), inputmode="numeric")

    def clean_card(self) -> str:
        return clean_scan(self.cleaned_data["card"])


class FirstCodeForm(Plain):
    """The first code of a new second factor."""

    code = forms.CharField(
        label=_("Code that the telephone shows"), max_length=10, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class AskForm(Plain):
    """What every request has: reason and first day."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), choices=[(str(k), v) for k, v in words.REASON.items()])
    from_on = DateField(label=_("From"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_on"].initial = timezone.localdate()


class PostForm(AskForm):
    """Job, post, section and library of a person: the level follows from them."""

    name = forms.CharField(label=_("Name"), max_length=80)
    section = forms.CharField(label=_("Section"), max_length=80)
    job_class = forms.ChoiceField(label=_("Class of job"))
    post = forms.ChoiceField(label=_("Post"), required=False)
    library = forms.ModelChoiceField(label=_("Library"), queryset=Library.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = "en" if get_language() == "en" else "ja"
        self.fields["job_class"].choices = [(key, jobs.name(key, language)) for key in jobs.classes()]  # type: ignore[attr-defined]
        self.fields["post"].choices = [("", "—"), *((key, jobs.name(key, language)) for key in jobs.posts())]  # type: ignore[attr-defined]
        self.fields["library"].queryset = Library.objects.all()  # type: ignore[attr-defined]


class NewAccountForm(PostForm):
    """A new person: the ID is his for ever."""

    login_id = forms.RegexField(
        label=_("Staff ID"),
        regex=r"^[a-z0-9][a-z0-9._-]{1,39}$",
        widget=forms.TextInput(attrs={"autocapitalize": "none"}),
    )
    until_on = DateField(label=_("Last day is before (if known)"), required=False)
    field_order = ("login_id", "name", "section", "job_class", "post", "library", "from_on", "until_on", "reason")


class DutyForm(AskForm):
    """A duty for a person of level 4."""

    duty = forms.ChoiceField(label=_("Duty"), choices=[(k, v) for k, v in words.DUTY.items()])
    kind = forms.ChoiceField(
        label=_("Request"),
        choices=[(str(k), words.KIND[k]) for k in (AuthorityRequest.Kind.GRANT, AuthorityRequest.Kind.REVOKE)],
    )
    until_on = DateField(label=_("Until"), required=False)
