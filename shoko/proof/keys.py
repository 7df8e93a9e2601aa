"""The left side of a match: which field it reads, and which packets have that field at all.

`nft -j` prints no dependency that another expression implies (`tcp dport 22` is all it says of "IPv4 or IPv6, TCP, and
the header can be read"). The kernel tests them, also under `!=`; so they are part of every key here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from shoko.proof import spans, words
from shoko.proof.boxes import Box
from shoko.proof.fields import ADDRESSES, NOBODY, STATES, TRACKED, VALUES
from shoko.proof.spans import Spans, single

Json = object


class NotUnderstood(Exception):
    """An expression that the prover has no meaning for; the text names it."""


@dataclass(frozen=True)
class Key:
    """A field as an expression reads it.

    The ruleset writes values of `width` bits, or `words`; `lift` says which values of the field they are (the type of
    an ICMP packet is the upper half of `sport`). `full` is what the field may be in packets that it can be read from.
    """

    target: str
    full: Spans
    width: int
    needs: Box = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    lift: Callable[[Spans], Spans] = lambda raw: raw
    kind: Literal["number", "address", "interface"] = "number"


def key(expression: Json) -> Key:
    """Return what a left side reads. Raises NotUnderstood."""
    if isinstance(expression, dict) and len(expression) == 1:
        ((word, content),) = expression.items()
        if word == "&" and isinstance(content, list) and len(content) == 2:
            return _masked(key(content[0]), content[1])
        if isinstance(content, dict):
            found = _plain(word, content)
            if found is not None:
                return found
    raise NotUnderstood(f"expression {expression}")


def _plain(word: str, content: dict[str, Json]) -> Key | None:
    if word == "payload" and set(content) == {"protocol", "field"}:
        return _PAYLOAD.get((str(content["protocol"]), str(content["field"])))
    if word == "meta" and set(content) == {"key"}:
        return _META.get(str(content["key"]))
    if word == "ct" and set(content) == {"key"}:
        return _CT.get(str(content["key"]))
    return None


def _number(name: str, needs: Box | None = None, known: Mapping[str, int] | None = None) -> Key:
    members = VALUES[name]
    return Key(name, members, (members[-1] - 1).bit_length(), needs or {}, known or {})


def _address(name: str, family: int) -> Key:
    return Key(name, ADDRESSES[family], 32 if family == 4 else 128, {"family": single(family)}, kind="address")


def _header(name: str, proto: int) -> Key:
    return _number(name, {"proto": single(proto), "headed": single(1)})


def _upper(raw: Spans) -> Spans:
    return tuple(cut * 256 for cut in raw)


def _lower(raw: Spans) -> Spans:
    return spans.union(tuple(upper * 256 + cut for cut in raw) for upper in range(256))


def _icmp(family: int, proto: int, known: Mapping[str, int], lift: Callable[[Spans], Spans]) -> Key:
    needs = {"family": single(family), "proto": single(proto), "headed": single(1)}
    return Key("sport", VALUES["sport"], 8, needs, known, lift)


def _states(raw: Spans) -> Spans:
    return spans.of(STATES[word] for word, bit in words.STATE_BITS.items() if spans.holds(raw, bit))


_IP4, _IP6 = {"family": single(4)}, {"family": single(6)}
_HEADED = {"headed": single(1)}
_PAYLOAD: dict[tuple[str, str], Key] = {
    ("ip", "saddr"): _address("saddr", 4),
    ("ip", "daddr"): _address("daddr", 4),
    ("ip6", "saddr"): _address("saddr", 6),
    ("ip6", "daddr"): _address("daddr", 6),
    ("ip", "protocol"): _number("proto", _IP4, words.PROTOCOLS),
    ("ip6", "nexthdr"): _number("nexthdr", _IP6, words.PROTOCOLS),
    ("ip", "ttl"): _number("hop", _IP4),
    ("ip6", "hoplimit"): _number("hop", _IP6),
    ("th", "sport"): _number("sport", _HEADED),
    ("th", "dport"): _number("dport", _HEADED),
    **{
        (name, end): _header(end, words.PROTOCOLS[name])
        for name in ("tcp", "udp", "udplite", "sctp", "dccp")
        for end in ("sport", "dport")
    },
    ("tcp", "flags"): _number("flags", {"proto": single(6), "headed": single(1)}, words.TCP_FLAGS),
    ("icmp", "type"): _icmp(4, 1, words.ICMP_TYPES, _upper),
    ("icmp", "code"): _icmp(4, 1, words.ICMP_CODES, _lower),
    ("icmpv6", "type"): _icmp(6, 58, words.ICMPV6_TYPES, _upper),
    ("icmpv6", "code"): _icmp(6, 58, words.ICMPV6_CODES, _lower),
}
_META: dict[str, Key] = {
    "iifname": Key("iif", VALUES["iif"], 16, kind="interface"),
    "oifname": Key("oif", VALUES["oif"], 16, kind="interface"),
    "iif": Key("iif", VALUES["iif"], 16, kind="interface"),
    "oif": Key("oif", VALUES["oif"], 16, kind="interface"),
    "nfproto": _number("family", known=words.NFPROTO),
    "protocol": _number("family", known=words.ETHERTYPES),
    "l4proto": _number("proto", known=words.PROTOCOLS),
    "skuid": Key("user", (0, NOBODY), 32, {"user": (0, NOBODY)}),
}
_CT: dict[str, Key] = {
    "state": Key("state", VALUES["state"], 7, {}, words.STATE_BITS, _states),
    "mark": _number("mark", {"state": TRACKED}),
    "direction": _number("direction", {"state": TRACKED}, words.DIRECTIONS),
}


def _masked(inner: Key, mask: Json) -> Key:
    """`field & mask`: the values written are those of the masked field."""
    bits = _mask(inner, mask)
    low = (bits & -bits).bit_length() - 1  # below the lowest bit of the mask everything is free
    free = [bit for bit in range(low, inner.width) if not bits >> bit & 1]
    if bits == 0 or len(free) > 10 or inner.kind == "interface":
        raise NotUnderstood(f"mask {mask}")
    above = [0]
    for bit in free:
        above += [value | 1 << bit for value in above]

    def lift(raw: Spans) -> Spans:
        # Raw values are multiples of the mask's lowest bit; others are never equal to a masked field.
        values = _multiples(raw, low, bits)
        return inner.lift(
            spans.union((value + extra, value + extra + (1 << low)) for value in values for extra in above)
        )

    return replace(inner, lift=lift)


def _mask(inner: Key, mask: Json) -> int:
    value = 0
    for part in flags(mask):
        if isinstance(part, int):
            value |= part
        elif isinstance(part, str) and part in inner.words:
            value |= inner.words[part]
        else:
            raise NotUnderstood(f"mask {mask}")
    return value


def flags(value: Json) -> list[Json]:
    """Return the parts of a combination of flags: one word, nft 1.0's plain list, or nft 1.1's {"|": list}."""
    if isinstance(value, dict) and set(value) == {"|"}:
        value = value["|"]
    return [part for one in value for part in flags(one)] if isinstance(value, list) else [value]


def _multiples(raw: Spans, low: int, bits: int) -> list[int]:
    """The values of a raw set that a field masked with `bits` can have."""
    step = 1 << low
    found = []
    for at in range(0, len(raw), 2):
        first = -(-raw[at] // step) * step
        if (raw[at + 1] - first) // step > 4096:
            raise NotUnderstood("a masked range of more than 4,096 values")
        found += [value for value in range(first, raw[at + 1], step) if value & ~bits == 0]
    return found
