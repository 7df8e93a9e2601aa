"""Whether a gateway is still what it was when it was read, and what its own rules counted meanwhile."""

from __future__ import annotations

from typing import Any

Listing = dict[str, Any]
_COUNTING = ("packets", "bytes", "expires")  # what changes in a listing although nobody changes the ruleset


def same(one: Listing, other: Listing) -> bool:
    """Tell whether two listings hold the same rules, chains and elements, whatever they have counted."""
    return bool(_bare(one["nftables"]) == _bare(other["nftables"]))


def counted_drops(listing: Listing) -> int:
    """Return how many packets the rules that count and drop have dropped."""
    total = 0
    for item in listing["nftables"]:
        statements: list[dict[str, Any]] = item.get("rule", {}).get("expr", [])
        if any("drop" in one for one in statements):
            counters = [one["counter"] for one in statements if isinstance(one.get("counter"), dict)]
            total += sum(int(counter["packets"]) for counter in counters)
    return total


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(content) for name, content in value.items() if name not in _COUNTING}
    return [_bare(one) for one in value] if isinstance(value, list) else value
