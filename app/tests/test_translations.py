"""Every text of the screens exists in Japanese; the English ones are the keys."""

import re
import string

import pytest
from babel.messages.catalog import Catalog

from tests.conftest import APP
from tools import messages


@pytest.fixture(scope="module")
def japanese_catalogue() -> Catalog:
    return messages.read(messages.catalogue_path(APP, "ja"), "ja")


def test_nothing_is_untranslated_or_doubtful(japanese_catalogue: Catalog) -> None:
    assert messages.gaps(japanese_catalogue) == []
    assert len(messages.wanted()) > 100


def test_a_gap_is_found(japanese_catalogue: Catalog) -> None:
    broken = messages.read(messages.catalogue_path(APP, "ja"), "ja")
    broken.delete("Search")
    broken["Password"].string = ""
    broken["Library"].flags.add("fuzzy")
    assert sorted(messages.gaps(broken)) == ["Library", "Password", "Search"]


def test_nothing_is_left_over(japanese_catalogue: Catalog) -> None:
    used = {each[0] if isinstance(each, tuple) else each for each in messages.wanted()}
    kept = {each.id[0] if isinstance(each.id, tuple) else each.id for each in japanese_catalogue if each.id}
    assert kept == used


def test_translations_are_japanese_and_keep_their_placeholders(japanese_catalogue: Catalog) -> None:
    for entry in japanese_catalogue:
        if not entry.id:
            continue
        key = entry.id[-1] if isinstance(entry.id, tuple) else entry.id
        text = entry.string[0] if isinstance(entry.string, tuple | list) else entry.string
        assert sorted(re.findall(r"%\(\w+\)s", key)) == sorted(re.findall(r"%\(\w+\)s", text)), key
        assert set(text) - set(string.printable), f"{key}: {text}"


def test_no_japanese_text_is_written_into_code_or_templates() -> None:
    """But for the names of the languages, one example, and the quotation marks around a query."""
    allowed = {"日本語", "はしれメロス", "「", "」", "・"}
    for path in [*(APP / "shoko_ils").rglob("*.html"), *(APP / "shoko_ils" / "counter").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for word in allowed:
            text = text.replace(word, "")
        assert not re.search(r"[\u3041-\u30ff\u4e00-\u9fff]", text), path
