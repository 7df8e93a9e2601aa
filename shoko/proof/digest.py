"""One digest for one ruleset, whoever lists it: what is declared and what runs can be compared by it.

Left out is what says nothing about packets or differs by itself: handles, counters, the order of a set's elements and
of tables, elements that expire, the version of nft and its way of writing (1.0.6 to 1.1.3).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_UNSAID = ("handle", "packets", "bytes", "position", "index")
_MARK_BITS = 32


def digest(listing: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a listing's canonical form, in hex."""
    return hashlib.sha256(_text(canonical(listing)).encode()).hexdigest()


def canonical(listing: Mapping[str, Any]) -> list[Any]:
    """Return the objects of a listing in one form; rules keep their order within their chain."""
    objects = [_object(item) for item in listing["nftables"] if not (isinstance(item, dict) and "metainfo" in item)]
    return sorted(objects, key=_place)


def rules(listing: Mapping[str, Any]) -> int:
    """Return how many rules a listing has."""
    return sum(isinstance(item, dict) and "rule" in item for item in listing["nftables"])


def nft(listing: Mapping[str, Any]) -> str | None:
    """Return the version of the nft that printed a listing; None if it does not say so."""
    about = [item["metainfo"] for item in listing["nftables"] if isinstance(item, dict) and "metainfo" in item]
    return str(about[0]["version"]) if about and isinstance(about[0], dict) and "version" in about[0] else None


def _place(item: Any) -> tuple[str, ...]:
    if not isinstance(item, dict) or len(item) != 1:
        return ("", _text(item))
    ((kind, content),) = item.items()
    if not isinstance(content, dict):
        return (kind, _text(content))
    names = [content.get(name, "") for name in ("family", "table")]
    return (kind, *map(str, names), str(content.get("chain" if kind == "rule" else "name", "")))


def _object(item: Any) -> Any:
    """A set's type follows from its elements, and nft 1.1 writes it in another way."""
    plain = _plain(item)
    for kind in ("set", "map"):
        content = plain.get(kind) if isinstance(plain, dict) else None
        if isinstance(content, dict):
            content.pop("type", None)
            elements = content.pop("elem", [])
            lasting = [one for one in elements if not _expires(one)] if isinstance(elements, list) else [elements]
            content["elem"] = sorted(lasting, key=_text)
    return plain


def _expires(element: Any) -> bool:
    about = element[0] if isinstance(element, list) and element else element
    return isinstance(about, dict) and isinstance(about.get("elem"), dict) and "expires" in about["elem"]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"|"}:  # nft 1.1's flags
        return _plain(value["|"])
    if isinstance(value.get("set"), list) and len(value) == 1:
        return {"set": sorted(map(_plain, value["set"]), key=_text)}
    if set(value) == {"op", "left", "right"} and _is_mask(value["right"]):
        return _plain(_masked(value))
    return {name: _plain(content) for name, content in value.items() if name not in _UNSAID}


def _is_mask(right: Any) -> bool:
    """Tell nft 1.0's way to write the upper bits of a mark: as a prefix of a number."""
    prefix = right.get("prefix") if isinstance(right, dict) else None
    return (
        isinstance(prefix, dict) and isinstance(prefix.get("addr"), int) and prefix.get("len") in range(_MARK_BITS + 1)
    )


def _masked(match: Mapping[str, Any]) -> dict[str, Any]:
    prefix = match["right"]["prefix"]
    mask = (1 << _MARK_BITS) - (1 << (_MARK_BITS - prefix["len"]))
    return {"op": match["op"], "left": {"&": [match["left"], mask]}, "right": prefix["addr"]}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
