"""Reads the files of a declaration into plain values, and remembers where each stood.

Only a careful part of YAML is understood, so that a value means to us what it means to whoever reads the file:
no anchors or aliases, no tags, no templates, no duplicate keys; keys are text; `true`, `false`, `null`, decimal
integers and decimal fractions are typed (the core schema of YAML 1.2), everything else is text. So neither `no`,
nor `12:30`, nor a date turns into something that nobody wrote (YAML 1.1 does that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from shoko.declaration.problems import Problem

Path_ = tuple[str | int, ...]

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where the wheel carries it: ten times faster
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_DEEPEST = 12  # the declaration itself is seven deep
_LARGEST = 4 * 1024 * 1024  # bytes; a city's declaration is some 20 kB


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int


@dataclass
class Source:
    """All files of a declaration, merged by their top-level keys.

    `whole` is false when a file could not be read to its end: then what is missing says nothing.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # by file, as read
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    directory: str = ""

    def place(self, path: Path_) -> Place:
        """Where the path stands, or else the nearest thing around it that stands somewhere."""
        for length in range(len(path), 0, -1):
            if (found := self.places.get(path[:length])) is not None:
                return found
        return Place(self.directory, 0)

    def problem(self, path: Path_, message: str, allowed: str = "") -> Problem:
        """A mistake at a path of the tree."""
        place = self.place(path)
        return Problem(place.file, place.line, show(path), message, allowed)


def show(path: Path_) -> str:
    """A path as people write it: `flows.citizen.services[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(directory: Path) -> Source:
    """Read every `*.yml` in a directory; mistakes are collected, never raised."""
    source = Source(directory=str(directory))
    if not directory.is_dir():
        source.whole = False
        source.problems.append(Problem(str(directory), 0, "", "is not a directory", "it holds the site's *.yml"))
        return source
    for path in sorted(directory.iterdir()):
        if path.suffix == ".yml":
            _read_file(path, source)
        elif path.suffix in {".yaml", ".json"}:
            source.problems.append(Problem(str(path), 0, "", "would not be read", "files of a declaration end in .yml"))
    if not source.places and not source.problems:
        source.whole = False
        source.problems.append(Problem(str(directory), 0, "", "holds no *.yml", "at least one file"))
    return source


def _read_file(path: Path, source: Source) -> None:
    """Merge one file into the source."""
    name = str(path)
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            source.whole = False
            source.problems.append(Problem(name, 0, "", "is too large", f"at most {_LARGEST} bytes"))
            return
        text = data.decode("utf-8")
    except OSError as error:
        source.whole = False
        source.problems.append(Problem(name, 0, "", f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError as error:
        source.whole = False
        line = data[: error.start].count(b"\n") + 1
        source.problems.append(Problem(name, line, "", "is not text in UTF-8", "save the file as UTF-8"))
        return
    source.texts[name] = text
    composer = _Composer(name, source, yaml.parse(text, Loader=_LOADER))
    try:
        composer.document()
    except yaml.MarkedYAMLError as error:
        source.whole = False
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        source.problems.append(Problem(name, line, "", f"is not YAML here: {error.problem or error.context}"))
    except yaml.reader.ReaderError as error:
        source.whole = False
        source.problems.append(Problem(name, 0, "", f"holds a character that YAML forbids: {error.reason}"))
    except _TooDeep as error:
        source.whole = False
        source.problems.append(Problem(name, error.line, "", "is nested too deeply", f"at most {_DEEPEST} levels"))


class _TooDeep(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Composer:
    """Builds the values of one file from the parser's events."""

    def __init__(self, file: str, source: Source, events: Iterator[Any]) -> None:
        self.file = file
        self.source = source
        self.events = events

    def report(self, line: int, path: Path_, message: str, allowed: str = "") -> None:
        self.source.problems.append(Problem(self.file, line, show(path), message, allowed))

    def seen_elsewhere(self, key: str, line: int) -> bool:
        """Whether another file has the top-level key already (then it is a mistake)."""
        if (first := self.source.places.get((key,))) is None:
            return False
        self.report(
            line, (key,), f"is declared a second time (first in {first.file}:{first.line})", "once, in one file"
        )
        return True

    def document(self) -> None:
        """The single document of the file: a mapping at the top."""
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                root = next(self.events)
                line = root.start_mark.line + 1
                if documents > 1:
                    self.report(line, (), "a second document starts here", "one document in a file")
                    self.source.whole = False
                    return
                if isinstance(root, yaml.MappingStartEvent):
                    self.check_plain(root, ())
                    self.mapping((), self.source.tree)
                elif isinstance(root, yaml.ScalarEvent) and root.value == "":
                    continue  # comments only
                else:
                    self.report(line, (), "holds no keys", "a mapping: key: value")
                    self.source.whole = False
                    return

    def check_plain(self, event: Any, path: Path_) -> None:
        """Refuse what would make a value differ from its text."""
        line = event.start_mark.line + 1
        if event.anchor:
            self.report(line, path, f"anchor &{event.anchor}", "anchors are refused: write the value out")
        if event.tag:
            self.report(line, path, f"tag {event.tag}", "tags are refused; secrets belong to group_vars/vault.yml")

    def value(self, event: Any, path: Path_) -> Any:
        """The value that starts with this event."""
        line = event.start_mark.line + 1
        if len(path) > _DEEPEST:
            raise _TooDeep(line)
        self.source.places.setdefault(path, Place(self.file, line))
        if isinstance(event, yaml.AliasEvent):
            self.report(line, path, f"alias *{event.anchor}", "aliases are refused: write the value out")
            return None
        self.check_plain(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path, {})
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.scalar(event, path)

    def mapping(self, path: Path_, into: dict[str, Any]) -> dict[str, Any]:
        seen: dict[str, int] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent):
                self.report(line, path, "a key is not plain text", "text")
                if not isinstance(key, yaml.AliasEvent):
                    self.value(key, (*path, "?"))
                self.value(next(self.events), (*path, "?"))
                continue
            self.check_plain(key, path)
            name = key.value
            here = (*path, name)
            if name in seen:
                self.report(line, here, f"is written twice (first in line {seen[name]})", "each key once")
                self.skip(next(self.events))
                continue
            seen[name] = line
            if not path and self.seen_elsewhere(name, line):
                self.skip(next(self.events))
                continue
            if _TEMPLATE.search(name):
                self.report(line, path, f"template in the key {name!r}", "plain text: nothing is evaluated")
            self.source.places[here] = Place(self.file, line)
            into[name] = self.value(next(self.events), here)
        return into

    def sequence(self, path: Path_) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def scalar(self, event: Any, path: Path_) -> Any:
        text: str = event.value
        if _TEMPLATE.search(text):
            line = event.start_mark.line + 1
            self.report(line, path, "looks like a template", "plain text: nothing is evaluated")
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FRACTION.fullmatch(text):
            return float(text)
        return text

    def skip(self, event: Any) -> None:
        """Read over a value that is not kept."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(self.events)
