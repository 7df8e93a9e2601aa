"""Forms of the screens of items."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shoko_ils.catalog.forms import Plain, line, lines
from shoko_ils.core.models import Library
from shoko_ils.holdings import issues, words
from shoko_ils.holdings.barcode import clean_scan, is_item
from shoko_ils.holdings.labels import BARCODE, SPINE
from shoko_ils.holdings.models import Item, Location, MaterialClass
from shoko_ils.holdings.selecting import Filter, numbers_of
from shoko_ils.holdings.services import Accession, Change
from shoko_ils.holdings.services.changes import SETTABLE

UNCHANGED = ("", _("as it is"))
MAX_PRICE = 10_000_000


def one_of(label: Any, model: type[Any], **options: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(label=label, queryset=model.objects.all(), **options)


def settable(first: tuple[str, Any] | None = None) -> list[tuple[str, Any]]:
    choices = [(value.value, words.conditions()[value]) for value in SETTABLE]
    return [first, *choices] if first else choices


class CopyForm(Plain):
    """What a copy has by itself; of an accession and of a change."""

    library = one_of(_("Owning library"), Library)
    location = one_of(_("Shelving location"), Location)
    material_class = one_of(_("Material class"), MaterialClass)
    call_number = line(_("Call number"), required=True, max_length=30)
    issue = line(_("Issue (of a magazine: 2026-11, vol. 12 no. 3)"), max_length=issues.LONGEST)
    condition = forms.ChoiceField(label=_("Condition"), choices=settable)
    library_use_only = forms.BooleanField(label=_("Library use only"), required=False)
    accompanying = line(_("Accompanying items"), max_length=100)
    accompanying_count = forms.IntegerField(label=_("Pieces"), min_value=0, max_value=99, required=False)
    note = line(_("Note (on the item, never on a person)"), max_length=200)
    source = forms.ChoiceField(label=_("Source"), choices=lambda: list(words.sources().items()))
    price = forms.IntegerField(label=_("Price (yen)"), min_value=0, max_value=MAX_PRICE, required=False)

    def clean_issue(self) -> str:
        return issues.label(self.cleaned_data["issue"])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        given["accompanying_count"] = given.get("accompanying_count") or 0
        if bool(given.get("accompanying")) != bool(given["accompanying_count"]):
            self.add_error("accompanying_count", _("Say what belongs to the item and of how many pieces."))
        return given


class AccessionForm(CopyForm):
    """A new copy; the key makes a repeated form harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    number = line(_("Item number (scan the label; empty: the next one)"), max_length=20)

    field_order = ("key", "number")

    def clean_number(self) -> str:
        return _number(self.cleaned_data["number"])

    def accession(self, record_id: int) -> Accession:
        given = {name: value for name, value in self.cleaned_data.items() if name != "key"}
        return Accession(
            record_id=record_id,
            **given | {"condition": Item.Condition(given["condition"]), "source": Item.Source(given["source"])},
        )


class ItemForm(CopyForm):
    """A change of one item; the owner changes by reassignment alone."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    barcode = line(_("Item number (a new label)"), required=True, max_length=20)

    field_order = ("key", "barcode")

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        names = (*(name for name in self.base_fields if name not in ("key", "library")),)
        super().__init__(*args, initial={name: getattr(item, name) for name in names} | {"key": uuid.uuid4()}, **kwargs)
        del self.fields["library"]
        self.item = item
        if item.condition not in SETTABLE:
            # missing, lost: said by an act of its own
            del self.fields["condition"]

    def clean_barcode(self) -> str:
        number = _number(self.cleaned_data["barcode"])
        if Item.objects.filter(barcode=number).exclude(pk=self.item.pk).exists():
            raise forms.ValidationError(_("This number belongs to another item."))
        return number

    def change(self) -> Change:
        """The fields that differ."""
        return Change(**{name: self.cleaned_data[name] for name in self.changed_data if name != "key"})


def _number(text: str) -> str:
    number = clean_scan(text)
    if number and not is_item(number):
        raise forms.ValidationError(_("This is not an item number: ten digits, the last one a check digit."))
    return number


class FilterForm(Plain):
    """Where items stand."""

    library = one_of(_("Owning library"), Library, required=False)
    location = one_of(_("Shelving location"), Location, required=False)
    material_class = one_of(_("Material class"), MaterialClass, required=False)
    condition = forms.ChoiceField(
        label=_("Condition"), required=False, choices=lambda: [("", "—"), *words.conditions().items()]
    )
    call_from = line(_("Call number from"), max_length=30)
    call_to = line(_("to"), max_length=30)
    accessioned_from = forms.DateField(
        label=_("Accession from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    accessioned_to = forms.DateField(label=_("to"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def filter(self) -> Filter:
        return Filter(**self.cleaned_data)


class ManyForm(Plain):
    """An act on many items: which ones by their numbers, what, and why."""

    numbers = forms.CharField(
        label=_("Item numbers, one a line (scan them here)"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 8, "autofocus": True}),
    )
    act = forms.ChoiceField(
        label=_("What to do"),
        choices=[
            ("change", _("Change")),
            ("reassign", _("Reassign to another library")),
            ("missing", _("Missing")),
            ("found", _("Found again")),
            ("withdraw", _("Withdraw")),
        ],
    )
    location = one_of(_("Shelving location"), Location, required=False, empty_label=UNCHANGED[1])
    material_class = one_of(_("Material class"), MaterialClass, required=False, empty_label=UNCHANGED[1])
    condition = forms.ChoiceField(label=_("Condition"), required=False, choices=lambda: settable(UNCHANGED))
    library_use_only = forms.ChoiceField(
        label=_("Library use only"), required=False, choices=[UNCHANGED, ("yes", _("Yes")), ("no", _("No"))]
    )
    owner = one_of(_("New owning library (reassignment)"), Library, required=False)
    send = forms.BooleanField(label=_("They are in hand: start their transit now"), required=False)
    withdrawal = forms.ChoiceField(
        label=_("Reason for withdrawal"), required=False, choices=lambda: [("", "—"), *words.withdrawals().items()]
    )
    reason = line(_("Remark on this act"), max_length=200)

    def clean_numbers(self) -> list[str]:
        return numbers_of(self.cleaned_data["numbers"])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        act = given.get("act")
        if act == "change" and not any(
            given.get(name) for name in ("location", "material_class", "condition", "library_use_only")
        ):
            self.add_error("act", _("Say what is to be changed."))
        if act == "reassign" and not given.get("owner"):
            self.add_error("owner", _("Choose the library."))
        if act == "withdraw" and not given.get("withdrawal"):
            self.add_error("withdrawal", _("Choose the reason."))
        return given

    def change(self) -> Change:
        given = self.cleaned_data
        use_only = {"yes": True, "no": False}.get(given["library_use_only"])
        return Change(given["location"], given["material_class"], given["condition"] or None, use_only)


class LabelForm(Plain):
    """Labels of items, or barcode labels with fresh numbers for items to come."""

    numbers = lines(_("Item numbers, one a line (scan them here)"))
    blank = forms.IntegerField(
        label=_("or labels with new numbers, how many"), min_value=1, max_value=10 * BARCODE.count, required=False
    )
    kind = forms.ChoiceField(
        label=_("Labels"),
        choices=[
            ("barcode", _("Barcode labels (A4, 44 of 48.3 × 25.4 mm)")),
            ("spine", _("Spine labels (A4, 65 of 38.1 × 21.2 mm)")),
        ],
    )
    first = forms.IntegerField(
        label=_("First free sticker of the sheet"), min_value=1, max_value=SPINE.count, initial=1
    )

    def clean_numbers(self) -> list[str]:
        return list(dict.fromkeys(numbers_of(self.cleaned_data["numbers"])))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("numbers") and not given.get("blank"):
            self.add_error("numbers", _("Give numbers, or how many new ones."))
        if given.get("blank") and given.get("kind") == "spine":
            self.add_error("blank", _("New numbers stand on barcode labels."))
        return given


class PeriodForm(Plain):
    """From when to when, for the lists of accessions and withdrawals."""

    kind = forms.ChoiceField(
        label=_("List"), choices=[("accession", _("Accessions")), ("withdrawal", _("Withdrawals"))]
    )
    first = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("to"), widget=forms.DateInput(attrs={"type": "date"}))
    library = one_of(_("Owning library"), Library, required=False)
