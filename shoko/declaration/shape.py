"""Checks the shape of a declaration against the published schema, with messages for people."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from shoko.declaration.problems import Problem
from shoko.declaration.reader import Path_, Source

SCHEMA = Path(__file__).with_name("schema.json")

# A file may hold any of the keys; the whole declaration needs these.
NEEDED = (
    "schema",
    "site",
    "owners",
    "policies",
    "upstream",
    "updates",
    "zones",
    "gateways",
    "hosts",
    "services",
    "flows",
    "numbers",
)

# Without one of these nearly every name is unknown: then only the shape is told.
NAMES = ("zones", "hosts", "services", "flows", "numbers", "owners")


@cache
def schema() -> dict[str, Any]:
    """The published schema."""
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


def known_groups() -> tuple[str, ...]:
    """The groups that the product has roles for."""
    return tuple(schema()["$defs"]["group"]["enum"])


def terminal_groups() -> tuple[str, ...]:
    """Those whose hosts are terminals: people plug things in there."""
    return tuple(schema()["$defs"]["terminals"]["enum"])


def parse_instant(text: str) -> datetime:
    """RFC 3339, seconds may be missing; ValueError without an offset from UTC."""
    if not re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text):
        raise ValueError("no time of day")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no offset from UTC")
    return instant


def parse_day(text: str) -> date:
    """A calendar day, YYYY-MM-DD; ValueError for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("no calendar day")
    return date.fromisoformat(text)


def _timezone(text: str) -> object:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("unknown time zone") from error


def _interface(kind: Callable[[str], object]) -> Callable[[str], object]:
    def parse(text: str) -> object:
        if "/" not in text:
            raise ValueError("no length of the network")
        return kind(text)

    return parse


def _usable(parse: Callable[[str], IPv4Network | IPv6Network]) -> Callable[[str], object]:
    """A prefix that hosts can have: no loopback, link-local, multicast or reserved one."""

    def checked(text: str) -> object:
        network = _interface(parse)(text)
        if isinstance(network, IPv4Network | IPv6Network) and (
            network.is_multicast
            or network.is_loopback
            or network.is_link_local
            or network.is_unspecified
            or (network.version == 4 and network.is_reserved)
        ):
            raise ValueError("a prefix for special use")
        return network

    return checked


_FORMATS: dict[str, Callable[[str], object]] = {
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "address": ip_address,
    "prefix": _usable(ip_network),
    "ipv4-prefix": _usable(IPv4Network),
    "ipv6-prefix": _usable(IPv6Network),
    "ipv4-interface": _interface(IPv4Interface),
    "ipv6-interface": _interface(IPv6Interface),
    "instant": parse_instant,
    "day": parse_day,
    "timezone": _timezone,
}


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())

    def register(name: str, parse: Callable[[str], object]) -> None:
        def conforms(value: object) -> bool:
            if isinstance(value, str):
                parse(value)
            return True

        checker.checks(name, raises=ValueError)(conforms)

    for name, parse in _FORMATS.items():
        register(name, parse)
    return checker


def check_shape(source: Source) -> tuple[list[Problem], set[Path_]]:
    """Every departure from the schema, and the paths of the entries that have one.

    The second part tells the later checks what to leave out.
    """
    problems: list[Problem] = []
    broken: set[Path_] = set()
    # The instance alone decides the path, so that several errors of one value are told once each.
    validator = Draft202012Validator(schema(), format_checker=_format_checker())
    for error in validator.iter_errors(source.tree):
        for leaf in _leaves(error):
            for path, message, allowed in _explain(leaf):
                problems.append(source.problem(path, message, allowed))
                broken.add(path)
    if source.whole:
        for key in NEEDED:
            if key not in source.tree:
                description = schema()["properties"][key].get("description", "")
                problems.append(Problem(source.directory, 0, key, "is missing", description))
                broken.add((key,))
    return problems, broken


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors that matter: of alternatives, only those of the one that was meant."""
    if error.validator != "oneOf":
        yield error
        return
    by_branch: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        by_branch.setdefault(int(inner.schema_path[0]), []).append(inner)
    for errors in by_branch.values():
        if not any(e.validator in {"type", "const"} and not e.path for e in errors):
            for inner in errors:
                yield from _leaves(inner)
            return
    yield error


_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list: [a, b]",
    "object": "a mapping: key: value",
}


def _shown(value: object) -> str:
    """A value as somebody would write it, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 50 else text[:47] + "…"


def _option(option: object, value: object) -> str:
    """One of several values, in quotes where those were missing."""
    return str(option) if isinstance(value, str) else _shown(option)


def _explain(error: ValidationError) -> Iterator[tuple[Path_, str, str]]:
    """Path, what is wrong, what is allowed: for one error of the validator."""
    path: Path_ = tuple(error.absolute_path)
    part = error.schema if isinstance(error.schema, Mapping) else {}
    value: Any = error.instance
    if "propertyNames" in error.absolute_schema_path:
        path = (*path, value)  # the validator speaks of the mapping, people of its key
    if error.validator == "additionalProperties":
        yield from _unknown_keys(path, part, value)
    elif error.validator == "required":
        for key in part.get("required", ()):
            if key not in value and f"'{key}' is a required" in error.message:
                described = part.get("properties", {}).get(key, {}).get("description", "")
                yield path, f"lacks {key}", str(described).rstrip(".")
    else:
        yield path, *_wrong_value(error, part, value)


def _unknown_keys(path: Path_, part: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[Path_, str, str]]:
    known = list(part.get("properties", {}))
    for key in value:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            meant = f", perhaps {close[0]}" if close else ""
            yield (*path, key), f"unknown key{meant}", ", ".join(known)


def _wrong_value(error: ValidationError, part: Mapping[str, Any], value: Any) -> tuple[str, str]:
    """What is wrong with a value, and what is allowed."""
    hint = str(part.get("x-allowed", ""))
    limit = error.validator_value
    plain = f"is {_shown(value)}"
    empty = "is empty" if not value else "has too few entries"
    twice = sorted({str(item) for item in value if value.count(item) > 1}) if isinstance(value, list) else []
    told: dict[str, tuple[str, str]] = {
        "type": (plain, "; ".join(filter(None, [_type_wanted(error, value), hint]))),
        "enum": (plain, "one of " + ", ".join(_option(option, value) for option in part.get("enum", ()))),
        "const": (plain, f"only {_shown(part.get('const'))}"),
        "minProperties": (empty, hint or "at least one"),
        "minItems": (empty, hint or f"at least {limit}"),
        "minLength": (plain, hint or f"at least {limit} characters"),
        "maxProperties": ("has too many entries", hint or f"at most {limit}"),
        "maxItems": ("has too many entries", hint or f"at most {limit}"),
        "maxLength": (f"{_shown(value)} is too long", hint or f"at most {limit} characters"),
        "minimum": (plain, f"{part.get('minimum')} to {part.get('maximum')}"),
        "maximum": (plain, f"{part.get('minimum')} to {part.get('maximum')}"),
        "uniqueItems": (f"names {', '.join(twice)} twice", "each once"),
    }
    if error.validator == "oneOf":
        return plain, hint or _alternatives(error)
    return told.get(str(error.validator), (plain, hint))


def _type_wanted(error: ValidationError, value: object) -> str:
    wanted = _KINDS.get(str(error.validator_value), str(error.validator_value))
    if error.validator_value == "string" and isinstance(value, bool | int | float):
        return f"text: write it in quotes, {json.dumps(str(value))}"
    return wanted


def _alternatives(error: ValidationError) -> str:
    """What a value that fits no alternative could have been."""
    words = []
    for option in error.validator_value if isinstance(error.validator_value, list) else ():
        resolved = schema()["$defs"][option["$ref"].rsplit("/", 1)[1]] if "$ref" in option else option
        if "const" in resolved:
            words.append(str(resolved["const"]))
        elif resolved.get("type") == "object" and "properties" in resolved:
            words.append("a mapping with " + ", ".join(resolved["properties"]))
        else:
            words.append(str(resolved.get("x-allowed", "text")))
    return " or ".join(words)
