"""Files become plain values, each with its place; nothing is evaluated, guessed or silently dropped."""

from pathlib import Path
from typing import Any

import pytest

from shoko.declaration.reader import Source, read, show


def _read(directory: Path, **files: str) -> Source:
    for name, text in files.items():
        (directory / f"{name}.yml").write_text(text, encoding="utf-8")
    return read(directory)


def _messages(source: Source) -> list[str]:
    return [str(problem).replace(source.directory + "/", "") for problem in source.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("007", "007"),
        ("0x10", "0x10"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1.3", 1.3),
        ("'1.3'", "1.3"),
        ("1e3", "1e3"),
        ("true", True),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("''", ""),
        ("12:30:45", "12:30:45"),
        ("52:54:00:40:00:11", "52:54:00:40:00:11"),
        ("2026-12-07", "2026-12-07"),
        ("2026-12-07T18:00+09:00", "2026-12-07T18:00+09:00"),
        ("2001:db8::1", "2001:db8::1"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_mean_what_they_look_like(tmp_path: Path, written: str, value: Any) -> None:
    source = _read(tmp_path, a=f"key: {written}\n")
    assert source.problems == []
    assert source.tree == {"key": value}
    assert type(source.tree["key"]) is type(value)


def test_merge_key_merges_nothing(tmp_path: Path) -> None:
    source = _read(tmp_path, a="a: {b: 1}\nc: {<<: {d: 2}}\n")
    assert source.tree["c"] == {"<<": {"d": 2}}


def test_files_are_merged_by_their_keys_and_places_are_known(tmp_path: Path) -> None:
    source = _read(tmp_path, a="# first\none: {x: [5, 6]}\n", b="two:\n  y: 2\n")
    assert source.tree == {"one": {"x": [5, 6]}, "two": {"y": 2}}
    assert source.place(("one", "x", 1)).line == 2
    assert source.place(("two", "y")).file.endswith("b.yml")
    assert source.place(("two", "y", "absent")).line == 2
    assert source.place(("three",)).line == 0


def test_a_file_of_comments_is_empty(tmp_path: Path) -> None:
    source = _read(tmp_path, a="# nothing yet\n", b="one: 1\n")
    assert source.problems == []
    assert source.whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "x.yml:2: a: is written twice (first in line 1) (each key once)"),
        ("a:\n  b: 1\n  b: {c: [1]}\n  d: 3\n", "x.yml:3: a.b: is written twice (first in line 2) (each key once)"),
        ("a: &x 1\n", "x.yml:1: a: anchor &x (anchors are refused: write the value out)"),
        (
            "a: !!int 1\n",
            "x.yml:1: a: tag tag:yaml.org,2002:int (tags are refused; secrets belong to group_vars/vault.yml)",
        ),
        ("a: {{ b }}\n", "x.yml:1: a: a key is not plain text (text)"),
        ('a: "{% if b %}"\n', "x.yml:1: a: looks like a template (plain text: nothing is evaluated)"),
        ("[a, b]\n", "x.yml:1: holds no keys (a mapping: key: value)"),
        ("a: 1\n---\nb: 2\n", "x.yml:3: a second document starts here (one document in a file)"),
        ("a: [1\n", "x.yml:2: is not YAML here: did not find expected ',' or ']'"),
        ("a: \x01\n", "x.yml: holds a character that YAML forbids: control characters are not allowed"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert message in _messages(_read(tmp_path, x=text))


def test_alias_bomb_is_refused_without_being_expanded(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    source = _read(tmp_path, a="\n".join(lines))
    assert any("alias *a10" in message for message in _messages(source))


def test_nesting_has_an_end(tmp_path: Path) -> None:
    source = _read(tmp_path, a="a: " + "[" * 5000 + "]" * 5000)
    assert _messages(source) == ["a.yml:1: is nested too deeply (at most 12 levels)"]


def test_a_key_in_two_files_is_told_with_both_places(tmp_path: Path) -> None:
    source = _read(tmp_path, a="flows: {x: 1}\n", b="\nflows: {y: 1}\n")
    assert _messages(source) == [
        f"b.yml:2: flows: is declared a second time (first in {source.directory}/a.yml:1) (once, in one file)".replace(
            source.directory + "/", ""
        )
    ]
    assert source.tree == {"flows": {"x": 1}}


def test_other_endings_are_not_silently_left_out(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("a: 1\n", encoding="utf-8")
    source = _read(tmp_path, a="b: 1\n")
    assert _messages(source) == ["more.yaml: would not be read (files of a declaration end in .yml)"]


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes("a: 1\nb: 館\n".encode("euc-jp"))
    assert _messages(read(tmp_path)) == ["a.yml:2: is not text in UTF-8 (save the file as UTF-8)"]


def test_missing_and_empty_directories_are_told(tmp_path: Path) -> None:
    assert _messages(read(tmp_path / "none")) == [f"{tmp_path}/none: is not a directory (it holds the site's *.yml)"]
    assert [problem.message for problem in read(tmp_path).problems] == ["holds no *.yml"]


def test_a_path_is_shown_as_people_write_it() -> None:
    assert show(("flows", "citizen", "services", 0)) == "flows.citizen.services[0]"
    assert show(()) == ""
