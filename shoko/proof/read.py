"""Reads what `nft -j list ruleset` prints. Whatever has no known meaning is kept as `Unknown`, with its place.

The JSON changes between releases of nft (flags become a string, a rule comes without `expr`), so nothing is taken for
granted here, and nothing that decides about packets is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from shoko.proof import keys
from shoko.proof.fields import UNTRACKED
from shoko.proof.interfaces import Interfaces
from shoko.proof.keys import Json, NotUnderstood
from shoko.proof.ruleset import Chain, Rule, Ruleset, Unknown, Where
from shoko.proof.statements import rule as rule_of
from shoko.proof.values import Reader

FAMILIES = ("ip", "ip6", "inet")
HOOKS = {"prerouting", "input", "forward", "output", "postrouting"}
KINDS = {"filter", "route", "nat"}
# They decide nothing about a packet: they count, tell, or are data that rules refer to.
HARMLESS = {"counter", "quota", "limit", "metainfo", "secmark"}
# What reading raises where the JSON is of a shape that nft never prints.
SHAPELESS = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
INTERFACES = ("iif", "oif", "iifname", "oifname")
CONNTRACK = -200  # priority at which a packet gets its conntrack state


def read(document: Mapping[str, Any], interfaces: Interfaces, *, timed: bool = False) -> Ruleset:
    """Return the ruleset of a listing. `timed` says whether elements that expire count as present."""
    items = document["nftables"]
    found = _Found()
    sets: dict[tuple[str, str], dict[str, list[Json]]] = {}
    unsure: dict[tuple[str, str], dict[str, str]] = {}
    rules: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for item in items:
        ((kind, content),) = item.items()
        if kind in ("set", "map"):
            elements = _present(content.get("elem", []), timed)
            table = (content["family"], content["table"])
            sets.setdefault(table, {})[content["name"]] = elements
            if doubt := _doubt(content):
                unsure.setdefault(table, {})[content["name"]] = doubt
        elif kind == "rule":
            rules.setdefault((content["family"], content["table"], content["chain"]), []).append(content)
        elif kind == "table":
            if content["family"] not in FAMILIES:
                found.unknown.append(Unknown(_where(content), f"table of family {content['family']}"))
            if content.get("flags"):
                flags = " ".join(map(str, keys.flags(content["flags"])))
                found.unknown.append(Unknown(_where(content), f"table with flags {flags}"))
        elif kind not in HARMLESS | {"chain", "element"}:
            found.unknown.append(Unknown(_where(content), f"object of kind {kind}"))
    for item in items:
        if "chain" in item:
            content = item["chain"]
            at = (content["family"], content["table"], content["name"])
            reader = Reader(interfaces, sets.get(at[:2], {}), unsure.get(at[:2], {}))
            found.chain(content, [found.rule(rule, reader) for rule in rules.get(at, [])])
    found.check_targets()
    return Ruleset(found.chains, tuple(found.unknown))


def names(document: Mapping[str, Any]) -> set[str]:
    """Return every name and wildcard that a listing compares interfaces with."""
    found: set[str] = set()
    for item in document["nftables"]:
        for kind, content in item.items():
            if kind == "rule":
                found.update(_interfaces(content.get("expr")))
            elif kind in ("set", "map") and ("ifname" in content["type"] or _of_interface(content["type"])):
                found.update(_words(content.get("elem")))  # nft 1.1 says the type by an expression
    return found


def expiring(document: Mapping[str, Any]) -> bool:
    """Return whether a listing has elements that expire, so that reading it `timed` makes a difference."""
    elements = [item[kind].get("elem", []) for item in document["nftables"] for kind in ("set", "map") if kind in item]
    return any(len(_present(some, timed=False)) < len(_present(some, timed=True)) for some in elements)


def _interfaces(value: Json) -> Iterator[str]:
    """The names in matches and maps of a rule, wherever they stand."""
    if isinstance(value, list):
        for content in value:
            yield from _interfaces(content)
    elif isinstance(value, dict):
        left = value.get("left", value.get("key"))
        if left is None:
            yield from _interfaces(list(value.values()))
        elif _of_interface(left):
            yield from _words([value.get("right"), value.get("data")])


def _of_interface(left: Json) -> bool:
    if isinstance(left, dict):
        return left.get("key") in INTERFACES or any(map(_of_interface, left.values()))
    return isinstance(left, list) and any(map(_of_interface, left))


def _words(value: Json) -> Iterator[str]:
    """Strings that are no addresses and no references: what else stands in the same elements does no harm."""
    if isinstance(value, str):
        if not value.startswith("@") and ":" not in value and not value.replace(".", "").isdigit():
            yield value
    elif isinstance(value, (list, dict)):
        for content in value if isinstance(value, list) else value.values():
            yield from _words(content)


def _present(elements: Any, timed: bool) -> list[Json]:
    """The elements of a set, without what nft tells about each."""
    present: list[Json] = []
    for element in elements if isinstance(elements, list) else [elements]:
        about = element[0] if isinstance(element, list) and len(element) == 2 else element
        if isinstance(about, dict) and set(about) == {"elem"}:
            if not timed and {"timeout", "expires"} & set(about["elem"]):
                continue
            bare = about["elem"]["val"]
            present.append([bare, element[1]] if about is not element else bare)
        else:
            present.append(element)
    return present


def _doubt(content: Mapping[str, Any]) -> str:
    """Why the elements of a set say nothing about the next packet; "" if they do."""
    if "dynamic" in keys.flags(content.get("flags")):
        return "is filled by packets"
    elements, size = content.get("elem", []), content.get("size")
    if size is not None and len(elements) >= size:
        return f"is full ({len(elements)} of {size} elements), and what did not fit is missing: give it a larger size"
    return ""


def _where(content: Mapping[str, Any]) -> Where:
    return Where(
        content["family"],
        content.get("table", content.get("name", "")),
        content.get("chain", content["name"] if "table" in content and "name" in content else ""),
        content.get("handle", 0) if "chain" in content else 0,
        content.get("comment", ""),
    )


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.chains: dict[tuple[str, str, str], Chain] = {}
        self.unknown: list[Unknown] = []

    def rule(self, content: Mapping[str, Any], reader: Reader) -> Rule | None:
        """Return a rule, None if it decides nothing or is unknown (which is kept)."""
        where = _where(content)
        statements = content.get("expr")
        try:
            if not isinstance(statements, list):
                raise NotUnderstood("a rule without expressions")
            return rule_of(where, statements, reader)
        except NotUnderstood as problem:
            self.unknown.append(Unknown(where, str(problem)))
        except SHAPELESS as problem:
            self.unknown.append(Unknown(where, f"JSON of another shape ({type(problem).__name__}: {problem})"))
        return None

    def chain(self, content: Mapping[str, Any], rules: list[Rule | None]) -> None:
        """Keep a chain; a hook or kind that the prover does not follow is unknown."""
        where = _where(content)
        known = tuple(rule for rule in rules if rule is not None)
        hook, kind = content.get("hook"), content.get("type", "filter")
        policy: Literal["accept", "drop"] = "drop" if content.get("policy") == "drop" else "accept"
        if content.get("policy", "accept") != policy:
            self.unknown.append(Unknown(where, f"policy {content['policy']}"))
        chain = Chain(where, known, hook, kind, content.get("prio", 0), policy)
        if hook is not None:
            if hook not in HOOKS or kind not in KINDS or not isinstance(chain.priority, int):
                self.unknown.append(Unknown(where, f"base chain of type {kind} at hook {hook}"))
            self.unknown += _misplaced(chain)
        self.chains[where.family, where.table, where.chain] = chain

    def check_targets(self) -> None:
        """A jump to a chain that is not in the listing cannot be followed."""
        for chain in self.chains.values():
            for rule in chain.rules:
                for case in rule.cases:
                    target = (chain.where.family, chain.where.table, case.verdict.target)
                    if case.verdict.target and target not in self.chains:
                        self.unknown.append(Unknown(rule.where, f"chain {case.verdict.target} is not listed"))


def _misplaced(chain: Chain) -> Iterator[Unknown]:
    """What stands where it does not work, or where the prover would have to know more."""
    for rule in chain.rules:
        fields = {name for case in rule.cases for box in case.boxes for name in box}
        early = chain.hook in ("prerouting", "output") and chain.priority <= CONNTRACK
        if early and fields & {"state", "mark", "direction"}:
            yield Unknown(rule.where, "asks for conntrack before conntrack has seen the packet")
        if chain.kind == "nat" and (rule.translation is None or chain.hook != "postrouting"):
            yield Unknown(rule.where, "a rule of a nat chain that is no source translation after routing")
        if chain.kind != "nat" and rule.translation is not None:
            yield Unknown(rule.where, "a translation outside a nat chain")
        if rule.changes.get("state") == UNTRACKED and not (early and chain.priority < CONNTRACK):
            yield Unknown(rule.where, "notrack where conntrack has already seen the packet")
