"""Mistakes in rulesets: each mutation takes a listing and gives the same listing with one thing changed.

They are the ways in which a template, a hand or an attacker would change a ruleset: an address, a port or a protocol
widened, a match dropped, an order swapped, a set emptied or grown, a family removed, a table added, a hook moved.
"""

import copy
import random
from ipaddress import ip_address, ip_network


def rules(listing):
    return [item["rule"] for item in listing["nftables"] if "rule" in item]


def sets(listing):
    return [item[kind] for item in listing["nftables"] for kind in ("set", "map") if kind in item]


def bases(listing):
    return [item["chain"] for item in listing["nftables"] if "hook" in item.get("chain", {})]


def matches(rule):
    return [one["match"] for one in rule["expr"] if "match" in one]


def values(node, wanted):
    """Yield (container, key) of every value in a tree that a test accepts."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if wanted(value):
            yield node, key
        else:
            yield from values(value, wanted)


def is_address(value):
    if not isinstance(value, str) or not set(value) <= set("0123456789abcdef.:") or len(value) < 2:
        return False
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def decided(chance, listing):
    """A rule that decides something."""
    return chance.choice([one for one in rules(listing) if any(word in part for part in one["expr"] for word in ENDS)])


ENDS = ("accept", "drop", "jump", "goto", "vmap", "snat", "notrack", "return")


def drop_match(chance, listing):
    rule = chance.choice([one for one in rules(listing) if matches(one)])
    rule["expr"].remove({"match": chance.choice(matches(rule))})


def negate_match(chance, listing):
    match = chance.choice([one for rule in rules(listing) for one in matches(rule) if one["op"] in ("==", "!=")])
    match["op"] = "!=" if match["op"] == "==" else "=="


def remove_rule(chance, listing):
    gone = decided(chance, listing)
    listing["nftables"] = [item for item in listing["nftables"] if item.get("rule") is not gone]


def swap_rules(chance, listing):
    places = [at for at, item in enumerate(listing["nftables"]) if "rule" in item]
    at = chance.randrange(len(places) - 1)
    one, other = places[at], places[at + 1]
    if listing["nftables"][one]["rule"]["chain"] == listing["nftables"][other]["rule"]["chain"]:
        listing["nftables"][one], listing["nftables"][other] = listing["nftables"][other], listing["nftables"][one]


def first_rule_last(chance, listing):
    chain = chance.choice([one["chain"] for one in rules(listing)])
    mine = [item for item in listing["nftables"] if item.get("rule", {}).get("chain") == chain]
    listing["nftables"] = [item for item in listing["nftables"] if item not in mine] + mine[1:] + mine[:1]


def change_verdict(chance, listing):
    rule = decided(chance, listing)
    for old, new in (("accept", {"drop": None}), ("drop", {"accept": None}), ("return", {"accept": None}),
                     ("goto", {"accept": None}), ("jump", {"accept": None})):  # fmt: skip
        for at, part in enumerate(rule["expr"]):
            if old in part:
                rule["expr"][at] = new
                return


def widen_address(chance, listing):
    found = [one for rule in rules(listing) for one in values(rule["expr"], is_address)]
    found += [one for some in sets(listing) for one in values(some.get("elem", []), is_address)]
    holder, key = chance.choice(found)
    if key == "addr":  # of a prefix: one bit shorter
        holder["len"] -= 1
        width = 32 if "." in holder["addr"] else 128
        holder["addr"] = str(ip_network(f"{holder['addr']}/{holder['len']}", strict=False).network_address)
        assert holder["len"] < width
    else:
        address = ip_address(holder[key])
        neighbour = type(address)(int(address) ^ 1 << chance.randrange(8))
        low, high = sorted((address, neighbour))
        holder[key] = {"range": [str(low), str(high)]}


def change_address(chance, listing):
    found = [one for rule in rules(listing) for one in values(rule["expr"], is_address)]
    found += [one for some in sets(listing) for one in values(some.get("elem", []), is_address)]
    holder, key = chance.choice(found)
    address = ip_address(holder[key])
    bit = chance.randrange(8)
    if key == "addr":
        bit = (32 if address.version == 4 else 128) - holder["len"]
    holder[key] = str(type(address)(int(address) ^ 1 << bit))


def widen_port(chance, listing):
    asked = [match for rule in rules(listing) for match in matches(rule) if "port" in str(match["left"])]
    found = [one for match in asked for one in values([match["right"]], lambda value: type(value) is int)]
    holder, key = chance.choice(found)
    holder[key] = {"range": [holder[key], min(holder[key] + chance.choice((1, 100)), 65535)]}


def other_protocol(chance, listing):
    found = [one for rule in rules(listing) for one in values(rule["expr"], lambda value: value in ("tcp", "udp"))]
    holder, key = chance.choice(found)
    holder[key] = {"tcp": "udp", "udp": "tcp"}[holder[key]]


def widen_protocol(chance, listing):
    """A rule for TCP or for UDP becomes one for both."""
    wide = [part for rule in rules(listing) for part in rule["expr"]
            if part.get("match", {}).get("left", {}).get("payload", {}).get("protocol") in ("tcp", "udp")]  # fmt: skip
    part = chance.choice(wide)
    part["match"]["left"]["payload"]["protocol"] = "th"
    both = {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}
    rule = next(rule for rule in rules(listing) if any(one is part for one in rule["expr"]))
    rule["expr"].insert(0, both)


def other_mark(chance, listing):
    found = [part["mangle"] for rule in rules(listing) for part in rule["expr"] if "mangle" in part]
    mangle = chance.choice([one for one in found if isinstance(one["value"], int)])
    mangle["value"] ^= chance.choice((1, 2, 1 << 31))


def empty_set(chance, listing):
    chance.choice([one for one in sets(listing) if one.get("elem")])["elem"] = []


def fewer_elements(chance, listing):
    one = chance.choice([one for one in sets(listing) if one.get("elem")])
    one["elem"].remove(chance.choice(one["elem"]))


def one_family_less(chance, listing):
    family = chance.choice(("ip", "ip6"))
    chain = chance.choice([one["chain"] for one in rules(listing)])
    listing["nftables"] = [
        item for item in listing["nftables"]
        if item.get("rule", {}).get("chain") != chain or f"'protocol': '{family}'" not in str(item)
    ]  # fmt: skip


def one_family_only(chance, listing):
    chance.choice(bases(listing))
    for item in listing["nftables"]:
        for content in item.values():
            if content.get("family") == "inet":
                content["family"] = "ip"


def extra_table(chance, listing):
    hook, prio = chance.choice(("input", "forward", "output", "prerouting")), chance.choice((-310, -5, 5))
    verdict = chance.choice(("drop", "accept", "drop"))
    match = {"match": {"op": "==", "left": {"payload": {"protocol": chance.choice(("tcp", "udp")), "field": "dport"}},
                       "right": chance.choice((22, 53, 443, 3128))}}  # fmt: skip
    at = {"family": chance.choice(("inet", "ip", "ip6")), "table": "other"}
    listing["nftables"] += [
        {"table": {"family": at["family"], "name": "other", "handle": 900}},
        {"chain": {**at, "name": "f", "handle": 901, "type": "filter", "hook": hook, "prio": prio, "policy": "accept"}},
        {"rule": {**at, "chain": "f", "handle": 902, "expr": [match, {verdict: None}]}},
    ]


def extra_translation(chance, listing):
    at = {"family": "ip", "table": "other"}
    listing["nftables"] += [
        {"table": {"family": "ip", "name": "other", "handle": 900}},
        {"chain": {**at, "name": "n", "handle": 901, "type": "nat", "hook": "postrouting", "prio": 100}},
        {"rule": {**at, "chain": "n", "handle": 902, "expr": [{"snat": {"addr": f"192.0.2.{chance.randrange(9)}"}}]}},
    ]  # fmt: skip


def other_priority(chance, listing):
    chain = chance.choice(bases(listing))
    chain["prio"] += chance.choice((-10, 10, 50))


def other_hook(chance, listing):
    chain = chance.choice(bases(listing))
    chain["hook"] = chance.choice(
        [hook for hook in ("input", "forward", "output", "prerouting") if hook != chain["hook"]]
    )


def no_chain_at_hook(chance, listing):
    chain = chance.choice(bases(listing))
    for word in ("type", "hook", "prio", "policy"):
        del chain[word]


def flip_policy(chance, listing):
    chain = chance.choice(bases(listing))
    chain["policy"] = "accept" if chain["policy"] == "drop" else "drop"


def any_interface(chance, listing):
    found = [match for rule in rules(listing) for match in matches(rule) if "ifname" in str(match["left"])]
    match = chance.choice(found)
    for holder, key in values([match["right"]], lambda value: isinstance(value, str) and not value.startswith("@")):
        holder[key] = holder[key][: chance.randrange(len(holder[key]))] + "*"
        if holder[key] == "*":
            holder[key] = "m*"
    match.update(match)


MUTATIONS = [
    drop_match, negate_match, remove_rule, swap_rules, first_rule_last, change_verdict, widen_address, change_address,
    widen_port, widen_protocol, other_protocol, other_mark, empty_set, fewer_elements, one_family_less,
    one_family_only, extra_table, extra_translation, other_priority, other_hook, no_chain_at_hook,
    flip_policy, any_interface,
]  # fmt: skip


def mutants(listing, seed, count):
    """Yield (name, listing) of mutants that differ from the listing; every kind of mutation in turn."""
    chance = random.Random(seed)  # noqa: S311 - a run is to be repeated
    made, turn = 0, 7 * seed  # a few mutants of many listings shall be of every kind, too
    while made < count:
        mutation = MUTATIONS[turn % len(MUTATIONS)]
        turn += 1
        mutant = copy.deepcopy(listing)
        try:
            mutation(chance, mutant)
        except IndexError:
            continue  # there is nothing in this listing that it could change
        if mutant != listing:
            made += 1
            yield mutation.__name__, mutant
