"""Forms of the hold counter."""

from typing import Any

from django import forms
from django.http import QueryDict

from shoko_ils.core.dates import DateField
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holds.models import Hold, TitleRequest
from shoko_ils.notices.models import Call, Notice
from shoko_ils.patrons.models import Patron
from shoko_ils.vault.models import EndedHold

ACTS = ("cancel", "extend", "suspend", "resume", "move", "pickup", "contact")
CANCELLED_BECAUSE = (EndedHold.Why.CANCELLED, EndedHold.Why.UNOBTAINABLE)


def pickup_places() -> list[tuple[str, str]]:
    """Libraries and service points by their key, in the order of the site."""
    places = [*Library.objects.all(), *ServicePoint.objects.all()]
    return [(place.key, str(place)) for place in places]


def place_of(key: str) -> Library | ServicePoint | None:
    return Library.objects.filter(key=key).first() or ServicePoint.objects.filter(key=key).first()


class PickupField(forms.ChoiceField):
    """A pickup library or service point; gives the object."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=pickup_places, **kwargs)

    def clean(self, value: Any) -> Any:
        return place_of(super().clean(value))


class PlaceForm(forms.Form):
    """What is wished of the holds that are placed by scans."""

    pickup = PickupField()
    group_kind = forms.ChoiceField(choices=Hold.Group.choices, required=False)
    not_needed_after = forms.DateField(required=False)
    contact = forms.ChoiceField(choices=Patron.Contact.choices, required=False)


def wished(sent: QueryDict) -> dict[str, str]:
    """The same as it was typed, for the page that answers."""
    return {name: sent.get(name, "") for name in PlaceForm.base_fields}


class HoldForm(forms.Form):
    """An act on one hold."""

    hold = forms.IntegerField()
    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    first = forms.DateField(required=False)
    until = forms.DateField(required=False)
    rank = forms.IntegerField(min_value=1, max_value=100_000, required=False)
    reason = forms.CharField(max_length=100, required=False)
    pickup = PickupField(required=False)
    contact = forms.ChoiceField(choices=Patron.Contact.choices, required=False)
    # of a cancellation, for the patron to read; empty: the patron wished it
    why = forms.ChoiceField(choices=[(why.value, why.value) for why in CANCELLED_BECAUSE], required=False)


class CallForm(forms.Form):
    """Result of a call, or another way for a notice."""

    notice = forms.IntegerField()
    result = forms.ChoiceField(choices=Call.Result.choices, required=False)
    way = forms.ChoiceField(choices=Notice.Way.choices, required=False)


class DayForm(forms.Form):
    """A day to look at; empty: today."""

    day = DateField(required=False)


class RequestForm(forms.Form):
    """A title that no library has."""

    key = forms.UUIDField()
    card = forms.CharField(max_length=40)
    title = forms.CharField(max_length=200)
    author = forms.CharField(max_length=100, required=False)
    publisher = forms.CharField(max_length=100, required=False)
    isbn = forms.RegexField(r"^[0-9Xx-]*$", max_length=17, required=False)
    pickup = forms.ModelChoiceField(queryset=Library.objects.all())

    def clean_isbn(self) -> str:
        return self.cleaned_data["isbn"].replace("-", "").upper()[:13]


class DecideForm(forms.Form):
    """A decision on a title request, or the item that makes it a hold."""

    request = forms.IntegerField()
    decision = forms.ChoiceField(choices=TitleRequest.Decision.choices, required=False)
    item = forms.CharField(max_length=40, required=False)
    key = forms.UUIDField()
