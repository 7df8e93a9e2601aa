"""Dates as people type them at a counter: Western or by era, kanji, letters or the one digit of old forms."""

import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# letter, digit on old forms (S45.1.2 is 3450102), name, first day; the former era still holds on that day
ERAS = (
    ("M", "1", "明治", dt.date(1868, 1, 25)),
    ("T", "2", "大正", dt.date(1912, 7, 30)),
    ("S", "3", "昭和", dt.date(1926, 12, 25)),
    ("H", "4", "平成", dt.date(1989, 1, 8)),
    ("R", "5", "令和", dt.date(2019, 5, 1)),
)
TWO_ERAS_ON_THE_DAY = frozenset({"M", "T"})  # an era that ended on the first day of the next, not on its eve
WRITTEN = re.compile(r"([MTSHR]|明治|大正|昭和|平成|令和)(\d{1,2}|元)[年./-](\d{1,2})[月./-](\d{1,2})日?")
OLD_FORM = re.compile(r"([1-5])(\d{2})(\d{2})(\d{2})")
WESTERN = re.compile(r"(\d{4})(?:[年./-](\d{1,2})[月./-](\d{1,2})日?|(\d{2})(\d{2}))")


class NotADate(ValueError):
    """The text names no day, or a day outside its era."""


def parse(text: str) -> dt.date:
    """The day of a text such as 1970-1-2, 19700102, S45.1.2, 昭和45年1月2日, 令和元年5月1日 or 3450102; else NotADate.

    Full width is the same as half width. Seven digits begin with the era's number of old forms.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper().replace("‐", "-").replace("−", "-")
    try:
        if found := WRITTEN.fullmatch(plain) or OLD_FORM.fullmatch(plain):
            era, year, month, day = found.groups()
            return _of_era(era, 1 if year == "元" else int(year), int(month), int(day))
        if found := WESTERN.fullmatch(plain):
            year, *rest = (part for part in found.groups() if part is not None)
            return dt.date(int(year), int(rest[0]), int(rest[1]))
    except ValueError as error:
        raise NotADate(text) from error
    raise NotADate(text)


def _of_era(name: str, year: int, month: int, day: int) -> dt.date:
    index = next(i for i, (letter, digit, kanji, _first) in enumerate(ERAS) if name in (letter, digit, kanji))
    letter, _digit, _kanji, first = ERAS[index]
    found = dt.date(first.year + year - 1, month, day)
    if year < 1 or found < first:
        raise ValueError("before the era")
    if index + 1 < len(ERAS):
        ends = ERAS[index + 1][3] - dt.timedelta(days=0 if letter in TWO_ERAS_ON_THE_DAY else 1)
        if found > ends:
            raise ValueError("after the era")
    return found


def by_era(day: dt.date) -> str:
    """The day by era, as on forms: 昭和45年1月2日."""
    _letter, _digit, kanji, first = [era for era in ERAS if era[3] <= day][-1]
    year = day.year - first.year + 1
    return f"{kanji}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def shown(day: dt.date) -> str:
    """The day in the language of the page; in Japanese with its era beside it."""
    plain = date_format(day, "DATE_FORMAT")
    return f"{plain}({by_era(day)})" if get_language() == "ja" and day >= ERAS[0][3] else plain


class DateField(forms.DateField):
    """A date typed in any of the ways of `parse`."""

    widget = forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off", "maxlength": 20})
    default_error_messages = {"invalid": _("This is not a date. Type it like 1970-01-02 or S45.1.2.")}  # noqa: RUF012

    def to_python(self, value: Any) -> dt.date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, dt.date):
            return value
        try:
            return parse(str(value))
        except NotADate as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, dt.date) else value
