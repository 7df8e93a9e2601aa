"""One rule: its statements in order, as packets that match and what happens to them. Sources: libnftables-json(5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoko.proof import spans
from shoko.proof.boxes import Box, product
from shoko.proof.fields import UNTRACKED
from shoko.proof.interfaces import Interfaces
from shoko.proof.keys import Json, NotUnderstood, key
from shoko.proof.ruleset import Case, Rule, Verdict, Where
from shoko.proof.values import Reader

# They decide nothing about a packet: they count or tell.
SILENT = {"counter", "log"}
# The answer that a rule gives tells for which packets it can: nft prints no other match for that.
_REJECTED: dict[str, Box] = {
    "": {},
    "icmpx": {},
    "icmp": {"family": spans.single(4)},
    "icmpv6": {"family": spans.single(6)},
    "tcp reset": {"proto": spans.single(6)},
}


def rule(where: Where, statements: list[dict[str, Any]], reader: Reader) -> Rule | None:
    """Return a rule, None if it decides nothing. Raises NotUnderstood."""
    if all(len(one) == 1 and set(one) <= SILENT | {"match", "limit"} for one in statements):
        return None  # whoever matches goes on unchanged
    conditions: list[list[Box]] = []
    changes: dict[str, int] = {}
    ends = _End([([{}], Verdict("continue"))])
    for at, statement in enumerate(statements):
        ((word, content),) = statement.items()
        if word in SILENT:
            continue
        if word in ("match", "vmap") and changes:
            raise NotUnderstood("a match after a change of the packet")
        if word == "match":
            conditions.append(reader.matched(content))
        elif word == "mangle":
            needs, changed = _change(content)
            conditions.append([needs])
            changes |= changed
        elif word == "notrack":
            changes["state"] = UNTRACKED
        elif all(set(rest) <= SILENT for rest in statements[at + 1 :]):
            ends = _end(word, content, reader)
        else:
            raise NotUnderstood(f"statement {word}")
    if all(said.kind == "continue" for _boxes, said in ends.verdicts) and not changes:
        return None
    cases = tuple(Case(tuple(product(*conditions, boxes)), said) for boxes, said in ends.verdicts)
    return Rule(where, cases, changes, ends.translation)


@dataclass(frozen=True)
class _End:
    """What the last statement of a rule does."""

    verdicts: list[tuple[list[Box], Verdict]]
    translation: str | None = None


def _end(word: str, content: Any, reader: Reader) -> _End:
    if word == "vmap":
        return _End([(boxes, _verdict(said)) for boxes, said in reader.cases(content["key"], content["data"])])
    if word == "snat":
        return _End([([{}], Verdict("accept"))], _translation(content))
    if word == "reject":
        return _End([([_REJECTED[content["type"] if content else ""]], Verdict("drop"))])
    if word == "masquerade" and content is None:
        return _End([([{}], Verdict("accept"))], "masquerade")
    return _End([([{}], _verdict({word: content}))])


def _change(content: Mapping[str, Any]) -> tuple[Box, dict[str, int]]:
    """The packets that a statement can change, and the field that it sets to a constant; none if no chain sees it."""
    target, value = content["key"], content["value"]
    if target == {"meta": {"key": "nftrace"}}:
        return {}, {}
    one = key(target)
    if one.target not in ("mark", "saddr", "daddr", "sport", "dport"):
        raise NotUnderstood(f"sets {target}")
    box = Reader(Interfaces(()), {}).matched({"op": "==", "left": target, "right": value})
    if len(box) != 1 or spans.size(box[0][one.target]) != 1:
        raise NotUnderstood(f"sets {target} to {value}")
    # Without a conntrack entry there is no mark to set, and the rule goes on.
    return {} if one.target == "mark" else one.needs, {one.target: box[0][one.target][0]}


def _translation(content: Mapping[str, Any]) -> str:
    if set(content) - {"addr", "family"} or not isinstance(content.get("addr"), str):
        raise NotUnderstood(f"snat {dict(content)}")
    return str(content["addr"])


def _verdict(said: Json) -> Verdict:
    if isinstance(said, dict) and len(said) == 1:
        ((word, content),) = said.items()
        if word in ("accept", "drop", "return", "continue"):
            return Verdict(word)
        if word in ("jump", "goto") and isinstance(content, dict):
            return Verdict(word, str(content["target"]))
    raise NotUnderstood(f"statement {said}")
