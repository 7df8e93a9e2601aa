"""Secrets that stand in a declaration in plain text, in values, keys or comments."""

from __future__ import annotations

import re

from shoko.declaration.problems import Problem
from shoko.declaration.reader import Path_, Source, show

_WHERE = "the vault: group_vars/all/vault.yml, encrypted"

# What a secret looks like, wherever it stands, comments too.
_LOOKS = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"), "a private key"),
    (re.compile(r"AGE-SECRET-KEY-1"), "an age key"),
    (re.compile(r"\b(PrivateKey|PresharedKey)\s*[=:]\s*[A-Za-z0-9+/]{43}="), "a WireGuard secret"),
    (re.compile(r"\$(1|5|6|y|2[aby])\$[./A-Za-z0-9$=,]{8,}"), "a password hash"),
    (re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"), "a password in an address"),
)
_KEY = re.compile(
    r"(^|[-_])(pass(word|wd|phrase)?|secret|token|credential|psk|(private|preshared|api|secret)[-_]?key)s?([-_]|$)",
    re.I,
)
_BASE64_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


def check(source: Source) -> list[Problem]:
    """Every place that looks like a secret. Works on whatever could be read, right in shape or not."""
    problems: list[Problem] = []
    for file, text in source.texts.items():
        for number, line in enumerate(text.splitlines(), start=1):
            for looks, what in _LOOKS:
                if looks.search(line):
                    problems.append(Problem(file, number, "", f"{what} in plain text", _WHERE))
    _walk(source, (), source.tree, problems)
    return problems


def _walk(source: Source, path: Path_, value: object, problems: list[Problem]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = (*path, key)
            if _KEY.search(key) and len(path) != 1 and isinstance(inner, str | int | float):
                problems.append(source.problem(here, "a secret in plain text", _WHERE))
            else:
                _walk(source, here, inner, problems)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _walk(source, (*path, index), inner, problems)
    elif isinstance(value, str) and _BASE64_KEY.fullmatch(value) and path[-1:] != ("public_key",):
        place = source.place(path)
        problems.append(Problem(place.file, place.line, show(path), "a key in plain text", _WHERE))
