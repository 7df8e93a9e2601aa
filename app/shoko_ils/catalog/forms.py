"""Forms of the cataloguing screens. They clean what is typed; the services decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shoko_ils.catalog.authorities import Data
from shoko_ils.catalog.importing.sources import COLUMNS
from shoko_ils.catalog.models import Authority, ImportBatch

MAX_UPLOAD = 20 * 1024 * 1024


class Plain(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


def line(label: Any, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, **{"max_length": 1000, "required": False, **options})


def lines(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class RecordForm(Plain):
    """The daily fields of a record; names are those of `editing.SINGLE` and `editing.MANY`."""

    title = line(_("Title"), required=True)
    title_reading = line(_("Reading of the title"))
    subtitle = line(_("Subtitle"))
    volume = line(_("Volume"))
    responsibility = line(_("Statement of responsibility"))
    persons = lines(_("Persons (name | reading | role, one a line)"))
    bodies = lines(_("Corporate bodies (name | reading | role, one a line)"))
    edition = line(_("Edition"))
    place = line(_("Place of publication"))
    publisher = line(_("Publisher"))
    date = line(_("Date of publication"))
    extent = line(_("Extent"))
    size = line(_("Size"))
    series = line(_("Series"))
    series_volume = line(_("Number in the series"))
    isbn = lines(_("ISBN (one a line)"))
    issn = lines(_("ISSN (one a line)"))
    jp_number = lines(_("National bibliography number"))
    magazine_code = lines(_("Magazine code (five digits)"))
    ndc = lines(_("NDC (one a line)"))
    ndlc = lines(_("NDLC (one a line)"))
    subjects = lines(_("Subjects (one a line)"))
    summary = forms.CharField(
        label=_("Summary"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class LinesForm(Plain):
    """The whole MARC record, a field a line."""

    text = forms.CharField(
        label=_("MARC fields, one a line"), max_length=100_000, strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "marc"}),
    )  # fmt: skip


class AuthorityForm(Plain):
    """An authority record; references are typed one a line, with the reading after a tab or |."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("person", _("Person")), ("corporate", _("Corporate body")), ("subject", _("Subject heading"))],
    )
    name = line(_("Heading"), required=True)
    name_reading = line(_("Reading"))
    name_roman = line(_("Romanised"))
    born = forms.IntegerField(label=_("Born (only of the dead)"), min_value=1, max_value=2100, required=False)
    died = forms.IntegerField(label=_("Died"), min_value=1, max_value=2100, required=False)
    number = line(_("Authority number"))
    references = lines(_("See references (form | reading, one a line)"))
    see_also = line(_("See also (numbers of authority records)"))
    note = lines(_("Note"))

    @staticmethod
    def of(found: Authority) -> dict[str, Any]:
        """Values to begin with."""
        names = ("kind", "name", "name_reading", "name_roman", "born", "died", "number", "note")
        return {name: getattr(found, name) for name in names} | {
            "references": "\n".join(
                f"{each.name} | {each.name_reading}".rstrip(" |") for each in found.references.all()
            ),
            "see_also": " ".join(str(each.pk) for each in found.see_also.all()),
        }

    def data_of(self) -> Data:
        given = dict(self.cleaned_data)
        pairs = [text.partition("|") for text in given.pop("references").splitlines() if text.strip()]
        numbers = [
            int(text) for text in given.pop("see_also").replace(",", " ").split() if text.isascii() and text.isdigit()
        ]
        return Data(
            references=[(name.strip(), reading.strip()) for name, _, reading in pairs], see_also=numbers, **given
        )


class UploadForm(Plain):
    """A file of records."""

    file = forms.FileField(label=_("File (ISO 2709, MARCXML, CSV, TSV; up to 20 MB)"))
    policy = forms.ChoiceField(
        label=_("A record that is there already"),
        choices=[("merge", _("gets what it lacks")), ("skip", _("stays as it is")), ("replace", _("is replaced"))],
        initial=ImportBatch.Policy.MERGE,
    )
    columns = lines(_("Columns of a table (heading = field, one a line; usual headings need none)"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise forms.ValidationError(_("The file is too large. Use the command import_records on the server."))
        return file

    def clean_columns(self) -> dict[str, str]:
        pairs = [text.split("=", 1) for text in self.cleaned_data["columns"].splitlines() if text.strip()]
        if any(len(pair) != 2 or pair[1].strip() not in COLUMNS for pair in pairs):
            raise forms.ValidationError(
                _("Write heading = field. Fields are: %(fields)s"), params={"fields": ", ".join(COLUMNS)}
            )
        return {pair[0].strip(): pair[1].strip() for pair in pairs}
