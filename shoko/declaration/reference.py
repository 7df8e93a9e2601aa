"""The reference of every key, from the schema: `python -m shoko.declaration.reference` brings the page up to date.

The page is docs/declaration.md; what stands between its two marks is made here, the rest is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shoko.declaration.checks.selectors import KINDS_OF_ENDS
from shoko.declaration.shape import NEEDED, known_groups, schema

PAGE = Path(__file__).parents[2] / "docs" / "declaration.md"
START = "<!-- made from the schema: python -m shoko.declaration.reference -->"
END = "<!-- end of what is made -->"

# What a key that people choose is called in the reference.
_CHOSEN = {
    "owners": "office",
    "libraries": "library",
    "names": "name",
    "sites": "site",
    "zones": "zone",
    "segments": "segment",
    "switches": "switch",
    "hosts": "host",
    "legs": "interface",
    "groups": "group",
    "devices": "device",
    "vips": "vip",
    "external": "party",
    "people": "person",
    "services": "service",
    "flows": "flow",
    "platform": "flow",
    "expect": "sentence",
    "numbers": "flow",
    "addresses": "gateway",
    "nics": "gateway",
}
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}

# References whose words would stand in every other row.
_SHORT = {
    "name": "a name",
    "flow-name": "a name",
    "text": "`{ja: …, en: …}`",
    "texts": "`{ja: …, en: …}` each",
    "group": "a group (see below)",
    "selector": "an end (see below)",
    "interface": "an interface (at most 15 bytes)",
    "control": "a control, e.g. `N-08`",
}


def reference() -> str:
    """The generated part of the page: a table for each top-level key."""
    parts: list[str] = []
    for key, part in schema()["properties"].items():
        needed = "needed" if key in NEEDED else "may be left out"
        parts.append(f"### `{key}`\n\n{_resolve(part).get('description', '')} ({needed})\n")
        rows = list(_rows(key, part, top=True))
        if key == "platform":
            parts.append("Keys as under `flows`; a window is refused.\n")
        elif rows:
            parts.append("| key | value | |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    kinds = ", ".join(f"`{kind}`" for kind in KINDS_OF_ENDS)
    parts.append(f"### Ends of flows and sentences\n\nExactly one of {kinds} names the end.\n")
    rows = list(_rows("", {"$ref": "#/$defs/selector"}, top=True, selectors=True))
    parts.append("| key | value | |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    groups = "".join(f"- `{name}`\n" for name in known_groups())
    parts.append(f"### Groups\n\nWhat a host can be; the roles of the product go by these.\n\n{groups}")
    return "\n".join(parts)


def _name(part: dict[str, Any]) -> str:
    """The name of the definition that a part refers to, or nothing."""
    return str(part.get("$ref", "")).rsplit("/", 1)[-1]


def _resolve(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema with its reference followed; what stands beside the reference counts first."""
    while "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[1]
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part = {**schema()["$defs"][name], **beside}
    return part


def _rows(path: str, part: dict[str, Any], *, top: bool = False, selectors: bool = False) -> Iterator[str]:
    """Table rows of everything below a path."""
    if _name(part) in _SHORT and _name(part) != "texts" and not selectors:
        return
    whole = _resolve(part)
    required = whole.get("required", [])
    for key, inner in whole.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield _row(here, inner, key in required)
        yield from _rows(here, inner)
    chosen = whole.get("additionalProperties")
    if isinstance(chosen, dict):
        name = _CHOSEN.get(path.rsplit(".", 1)[-1], "interface")
        here = f"{path}.<{name}>"
        if "properties" not in _resolve(chosen):
            yield _row(here, chosen, required=False)
        yield from _rows(here, chosen)
    items = whole.get("items")
    if isinstance(items, dict) and "properties" in _resolve(items):
        yield from _rows(f"{path}[]", items)
    for option in whole.get("oneOf", ()):
        if "properties" in _resolve(option):
            yield from _rows(path, option)
    if top and not whole.get("properties") and "const" in whole:
        yield _row(path, part, required=True)


def _row(path: str, part: dict[str, Any], required: bool) -> str:
    description = str(_resolve(part).get("description", "")).replace("|", "\\|")
    need = " **needed**" if required else ""
    return f"| `{path}`{need} | {_value(part)} | {description} |"


def _value(part: dict[str, Any]) -> str:
    """What a value may be, in few words."""
    if _name(part) in _SHORT:
        return _SHORT[_name(part)]
    whole = _resolve(part)
    if "const" in whole:
        return f"`{str(whole['const']).lower()}`"
    if "enum" in whole:
        return ", ".join(f"`{option}`" for option in whole["enum"])
    if "oneOf" in whole:
        return " or ".join(_value(option) for option in whole["oneOf"])
    if whole.get("type") == "array" and isinstance(whole.get("items"), dict):
        return f"list of: {_value(whole['items'])}"
    text = str(whole.get("x-allowed", _KINDS.get(str(whole.get("type")), "")))
    if "minimum" in whole:
        text = f"{whole['minimum']} to {whole['maximum']}"
    if "default" in whole:
        text += f" (default `{str(whole['default']).lower()}`)"
    return text.replace("|", "\\|")


def page(current: str) -> str:
    """The page with its generated part replaced."""
    before, _, rest = current.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{reference()}\n{END}{after}"


def main() -> int:
    """Bring the page up to date."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
