"""What comes of a record that is there already: kept, replaced, or enriched."""

from pymarc import Field, Record

from shoko_ils.catalog import marc
from shoko_ils.catalog.normalise import fold

# fields that a merge adds to; any other field is only added if the record has none of its kind
ADDED_TO = (
    "015",
    "020",
    "022",
    "024",
    "084",
    "246",
    "500",
    "505",
    "520",
    "600",
    "610",
    "650",
    "651",
    "700",
    "710",
    "740",
)
NEVER = ("001", "003", "005", "008")
LOCAL = "9"


def replace(old: Record, new: Record) -> Record:
    """The new record, with the old control number and the library's own fields (9XX)."""
    made = Record(leader=str(new.leader))
    control = [each for each in old.fields if each.tag in ("001", "003")]
    made.add_field(*control, *(each for each in new.fields if each.tag not in ("001", "003") or not control))
    made.add_field(*(each for each in old.fields if each.tag.startswith(LOCAL)))
    return made


def merge(old: Record, new: Record) -> Record:
    """The old record, with what only the new one knows; the old one itself if that is nothing.

    Readings in 880 come along under fresh numbers.
    """
    made = Record(leader=str(old.leader))
    made.add_field(*old.fields)
    known = {(each.tag, value) for each in old.fields for value in _values(each)}
    pairs = marc.Pairs(new)
    for each in new.fields:
        if each.tag in NEVER or each.tag == "880" or each.tag.startswith(LOCAL):
            continue
        there = made.get_fields(each.tag)
        if there and (each.tag not in ADDED_TO or any((each.tag, value) in known for value in _values(each))):
            continue
        spoken = [*pairs.of(each), *pairs.of(each, roman=True)]
        _add_with_pairs(made, each, spoken)
        known.update((each.tag, value) for value in _values(each))
    if len(made.fields) == len(old.fields):
        return old
    made.fields.sort(key=lambda field: field.tag)
    return made


def _values(each: Field) -> list[str]:
    if each.control_field:
        return [each.data or ""]
    return [fold("".join(each.get_subfields("a", "t", "x"))) or str(each)]


def _add_with_pairs(made: Record, each: Field, spoken: list[Field]) -> None:
    number = f"{marc.next_link(made):02d}"
    copy = Field(each.tag, each.indicators, [part for part in each.subfields if part.code != "6"])
    if spoken:
        copy.subfields.insert(0, marc.Subfield("6", f"880-{number}"))
    made.add_field(copy)
    for pair in spoken:
        script = (marc.LINK.match(pair.get("6") or "") or ("", "", "", "$1"))[3] or "$1"
        others = [part for part in pair.subfields if part.code != "6"]
        made.add_field(Field("880", pair.indicators, [marc.Subfield("6", f"{each.tag}-{number}/{script}"), *others]))
