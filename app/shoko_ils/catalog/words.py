"""Words for the codes of a record, in the language of the page."""

from django.utils.translation import gettext_lazy

MATERIALS = {
    "book": gettext_lazy("Book"),
    "serial": gettext_lazy("Serial"),
    "score": gettext_lazy("Score"),
    "map": gettext_lazy("Map"),
    "video": gettext_lazy("Video"),
    "audio": gettext_lazy("Audio"),
    "picture": gettext_lazy("Picture"),
    "electronic": gettext_lazy("Electronic"),
    "kit": gettext_lazy("Kit"),
    "object": gettext_lazy("Object"),
}
# the ten classes of the Nippon Decimal Classification
CLASSES = (
    gettext_lazy("General works"),
    gettext_lazy("Philosophy and religion"),
    gettext_lazy("History and geography"),
    gettext_lazy("Social sciences"),
    gettext_lazy("Natural sciences"),
    gettext_lazy("Technology"),
    gettext_lazy("Industry"),
    gettext_lazy("The arts"),
    gettext_lazy("Language studies"),
    gettext_lazy("Literature"),
)
LANGUAGES = {
    "jpn": gettext_lazy("Japanese"),
    "eng": gettext_lazy("English language"),
    "chi": gettext_lazy("Chinese"),
    "kor": gettext_lazy("Korean"),
    "fre": gettext_lazy("French"),
    "ger": gettext_lazy("German"),
    "spa": gettext_lazy("Spanish"),
    "por": gettext_lazy("Portuguese"),
    "ita": gettext_lazy("Italian"),
    "rus": gettext_lazy("Russian"),
    "lat": gettext_lazy("Latin"),
    "mul": gettext_lazy("Several languages"),
}
ROLES = {
    "author": gettext_lazy("(author)"),
    "translator": gettext_lazy("(translator)"),
    "reviser": gettext_lazy("(reviser)"),
    "editor": gettext_lazy("(editor)"),
    "illustrator": gettext_lazy("(illustrator)"),
}
IDENTIFIERS = {
    "isbn": "ISBN",
    "issn": "ISSN",
    "magazine": gettext_lazy("Magazine code"),
    "jp": gettext_lazy("National bibliography number"),
    "jan": gettext_lazy("Bar code (JAN)"),
}


def material_name(code: str) -> str:
    return str(MATERIALS.get(code, code))


def class_name(figure: int) -> str:
    return f"{figure} {CLASSES[figure]}"


def language_name(code: str) -> str:
    """Name of a MARC language code; a rare one is shown as it is."""
    return str(LANGUAGES.get(code, code))


def role_name(role: str, role_text: str) -> str:
    """What somebody did for a record: in our words, else as printed."""
    if role in ROLES:
        return str(ROLES[role])
    return f"({role_text})" if role_text else ""
