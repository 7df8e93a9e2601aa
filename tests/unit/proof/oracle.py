"""A second reading of `nft -j list ruleset`, one packet at a time and straight from the JSON.

It shares nothing with `shoko.proof`: no boxes, no sets, rules in order. A packet is a dict of values; these may be
numbers (`Plain`: what does the ruleset do to this packet?) or terms of z3 (then the answer is a formula over all
packets). Raises KeyError or ValueError for what it does not know: a test must not pass by it.
"""

from ipaddress import ip_address

STATES = {"invalid": 0, "established": 1, "related": 2, "new": 3, "untracked": 4}
PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "vrrp": 112, "gre": 47, "sctp": 132}
TYPES = {
    "echo-request": {"icmp": 8, "icmpv6": 128}, "echo-reply": {"icmp": 0, "icmpv6": 129},
    "destination-unreachable": {"icmp": 3, "icmpv6": 1}, "nd-neighbor-solicit": {"icmpv6": 135},
    "nd-neighbor-advert": {"icmpv6": 136}, "mld-listener-query": {"icmpv6": 130},
    "mld-listener-report": {"icmpv6": 131}, "mld-listener-done": {"icmpv6": 132},
    "mld2-listener-report": {"icmpv6": 143},
}  # fmt: skip
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
SILENT = {"counter", "log", "limit"}


class Plain:
    """Terms that are just numbers and truth values."""

    true, false = True, False

    @staticmethod
    def both(*terms):
        return all(terms)

    @staticmethod
    def either(*terms):
        return any(terms)

    @staticmethod
    def no(term):
        return not term

    @staticmethod
    def choose(condition, one, other):
        return one if condition else other

    @staticmethod
    def within(value, low, high):
        return low <= value <= high


class Oracle:
    """What a listing does. `numbers` are those of the interfaces' names; 0 is none."""

    def __init__(self, listing, numbers, algebra=Plain, timed=False):
        self.a = algebra
        self.numbers = numbers
        self.chains, self.bases, self.sets = {}, [], {}
        for item in listing["nftables"]:
            ((kind, content),) = item.items()
            if kind in ("set", "map"):
                elements = [one for one in content.get("elem", []) if timed or not self.expires(one)]
                self.sets[content["family"], content["table"], content["name"]] = [self.bare(one) for one in elements]
            elif kind == "chain":
                self.chains[content["family"], content["table"], content["name"]] = []
                if "hook" in content:
                    self.bases.append(content)
            elif kind == "rule":
                self.chains[content["family"], content["table"], content["chain"]].append(content)

    @staticmethod
    def expires(element):
        about = element[0] if isinstance(element, list) else element
        return isinstance(about, dict) and "expires" in about.get("elem", {})

    @staticmethod
    def bare(element):
        if isinstance(element, list):
            return [Oracle.bare(element[0]), element[1]]
        return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element

    def accepts(self, path, packet):
        """Return whether a packet passes, and the packet as it leaves."""
        alive, out = self.a.true, packet["oif"]
        hooks = {"input": ("prerouting", "input"), "forward": ("prerouting", "forward", "postrouting"),
                 "output": ("output", "postrouting")}[path]  # fmt: skip
        for hook in hooks:
            packet = {**packet, "oif": 0 if hook == "prerouting" else out}
            for base in sorted((one for one in self.bases if one["hook"] == hook), key=lambda one: one["prio"]):
                if base["type"] == "nat":
                    continue
                families = {"ip": [4], "ip6": [6], "inet": [4, 6]}[base["family"]]
                here = self.a.either(*(self.a.within(packet["family"], one, one) for one in families))
                at = (base["family"], base["table"], base["name"])
                accepted, _dropped, left, packet = self.chain(at, packet, self.a.both(alive, here))
                if base.get("policy") == "drop":
                    left = self.a.false
                alive = self.a.either(self.a.both(alive, self.a.no(here)), accepted, left)
        return alive, packet

    def chain(self, at, packet, live):
        """Return who of `live` is accepted, is dropped, comes out at the end; and the packet by then."""
        a = self.a
        ends = {"accept": a.false, "drop": a.false, "return": a.false}
        for rule in self.chains[at]:
            on = live
            for statement in rule["expr"]:
                ((word, content),) = statement.items()
                if word in SILENT:
                    continue
                if word == "match":
                    on = a.both(on, self.matches(content, packet, at))
                elif word == "mangle":
                    field, value = self.change(content)
                    packet = {**packet, field: a.choose(on, value, packet[field])}
                elif word == "notrack":
                    packet = {**packet, "state": a.choose(on, 4, packet["state"])}
                elif word == "vmap":
                    for key, verdict in self.elements(content["data"], at):
                        here = a.both(on, self.equal(content["key"], key, packet, at))
                        live, packet = self.decide(verdict, here, live, ends, packet, at)
                else:
                    live, packet = self.decide(statement, on, live, ends, packet, at)
        return ends["accept"], ends["drop"], a.either(live, ends["return"]), packet

    def decide(self, verdict, here, live, ends, packet, at):  # noqa: PLR0917
        """Add those who are `here` to their end; return who still lives, and the packet."""
        a = self.a
        ((word, content),) = verdict.items()
        if word == "reject":
            needs = {"icmp": ("family", 4), "icmpv6": ("family", 6), "tcp reset": ("proto", 6)}.get(content["type"])
            word, here = "drop", a.both(here, a.within(packet[needs[0]], needs[1], needs[1])) if needs else here
        if word == "continue":
            return live, packet
        live = a.both(live, a.no(here))
        if word in ("jump", "goto"):
            accepted, dropped, back, packet = self.chain((*at[:2], content["target"]), packet, here)
            ends["accept"], ends["drop"] = a.either(ends["accept"], accepted), a.either(ends["drop"], dropped)
            if word == "jump":
                return a.either(live, back), packet
            word, here = "return", back
        ends[word] = a.either(ends[word], here)
        return live, packet

    def change(self, content):
        ((word, what),) = content["key"].items()
        if word == "ct" and what["key"] == "mark":
            return "mark", content["value"]
        if word == "payload" and what["field"] in ("saddr", "daddr"):
            return what["field"], int(ip_address(content["value"]))
        raise ValueError(content)

    def elements(self, data, at):
        if isinstance(data, str):
            return self.sets[(*at[:2], data[1:])]
        return [self.bare(one) for one in data["set"]]

    def matches(self, match, packet, at):
        a, op, left, right = self.a, match["op"], match["left"], match["right"]
        if isinstance(right, str) and right.startswith("@"):
            members = self.elements(right, at)
        else:
            members = right["set"] if isinstance(right, dict) and "set" in right else [right]
        needs = a.both(*self.needs(left, packet))
        if op == "in":
            members = right if isinstance(right, list) else [right]
            op = "=="
        if op in ("==", "!="):
            found = a.either(a.false, *(self.equal(left, one, packet, at) for one in members))
            return a.both(needs, found if op == "==" else a.no(found))
        low, high = {"<": (0, right - 1), "<=": (0, right), ">": (right + 1, 1 << 32), ">=": (right, 1 << 32)}[op]
        return a.both(needs, a.within(packet[left["payload"]["field"]], low, high))

    def needs(self, left, packet):
        """What the kernel tests before it reads a field."""
        a = self.a
        ((word, content),) = left.items()
        if word in ("concat", "&"):
            for one in content if word == "concat" else content[:1]:
                yield from self.needs(one, packet)
        elif word == "payload":
            protocol = content["protocol"]
            if protocol in ("ip", "icmp"):
                yield a.within(packet["family"], 4, 4)
            if protocol in ("ip6", "icmpv6"):
                yield a.within(packet["family"], 6, 6)
            if protocol not in ("ip", "ip6"):
                yield a.within(packet["headed"], 1, 1)
            if protocol not in ("ip", "ip6", "th"):
                number = {"icmpv6": 58}.get(protocol) or PROTOCOLS[protocol]
                yield a.within(packet["proto"], number, number)
        elif word == "ct" and content["key"] in ("mark", "direction"):
            yield a.within(packet["state"], 1, 3)
        elif word == "meta" and content["key"] == "skuid":
            yield a.within(packet["user"], 0, (1 << 32) - 1)

    def equal(self, left, right, packet, at):
        a = self.a
        ((word, content),) = left.items()
        if word == "concat":
            return a.both(
                *(self.equal(one, other, packet, at) for one, other in zip(content, right["concat"], strict=True))
            )
        if word == "&":
            mask = sum(FLAGS[one] if isinstance(one, str) else one for one in content[1])
            flags = [value for value in range(256) if value & mask == FLAGS[right]]
            return a.both(*self.needs(left, packet), a.either(*(a.within(packet["flags"], one, one) for one in flags)))
        key = content["field"] if word == "payload" else content["key"]
        if key in ("iifname", "oifname"):
            known = [number for name, number in self.numbers.items() if self.named(name, right)]
            return a.either(a.false, *(a.within(packet[key[:3]], number, number) for number in known))
        low, high = self.bounds(right, key, content.get("protocol", ""))
        field = {"skuid": "user", "l4proto": "proto", "protocol": "proto",
                 "nfproto": "family", "ttl": "hop", "hoplimit": "hop", "type": "sport"}.get(key, key)  # fmt: skip
        if key == "type":
            low, high = low * 256, high * 256 + 255
        return a.both(*self.needs(left, packet), a.within(packet[field], low, high))

    @staticmethod
    def named(name, pattern):
        return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern

    def bounds(self, right, key, protocol):
        if isinstance(right, dict) and "prefix" in right:
            width = {"ip": 32, "ip6": 128}.get(protocol, 32)
            low = self.bounds(right["prefix"]["addr"], key, protocol)[0]
            return low, low + (1 << (width - right["prefix"]["len"])) - 1
        if isinstance(right, dict) and "range" in right:
            return self.bounds(right["range"][0], key, protocol)[0], self.bounds(right["range"][1], key, protocol)[1]
        if isinstance(right, int):
            number = right
        elif key == "type":
            number = TYPES[right][protocol]
        else:
            words = {"state": STATES, "l4proto": PROTOCOLS, "protocol": PROTOCOLS, "flags": FLAGS,
                     "direction": {"original": 0, "reply": 1}, "nfproto": {"ipv4": 4, "ipv6": 6}}  # fmt: skip
            number = words[key][right] if key in words else int(ip_address(right))
        return number, number
