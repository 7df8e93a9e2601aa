"""Random rulesets over three zones, as nft text: everything that the prover claims to understand, in odd mixtures."""

import random

ZONES = ("za", "zb", "zc")
ADDRESSES = {
    4: {zone: [f"10.0.{number}.{last}" for last in (2, 3, 130)] for number, zone in enumerate(ZONES)},
    6: {zone: [f"fd00:0:0:{number}::{last}" for last in ("2", "3", "8002")] for number, zone in enumerate(ZONES)},
}
PORTS = (21, 22, 23, 53, 80, 443, 1023, 1024, 8080)


class Writer:
    """Writes one ruleset; the same seed gives the same text. `stateful` also asks for the connection state."""

    def __init__(self, seed, stateful=True):
        self.random = random.Random(seed)  # noqa: S311 - tests are to be repeated
        self.stateful = stateful

    def pick(self, *choices):
        return self.random.choice(choices)

    def word(self, family):
        return "ip" if family == 4 else "ip6"

    def address(self, family):
        return self.pick(*ADDRESSES[family][self.pick(*ZONES)])

    def prefix(self, family):
        number = self.random.randrange(3)
        if family == 4:
            return self.pick(f"10.0.{number}.0/24", f"10.0.{number}.0/25", f"10.0.{number}.128/25", "10.0.0.0/23")
        return self.pick(f"fd00:0:0:{number}::/64", f"fd00:0:0:{number}::8000/113", "fd00::/63")

    def members(self, family):
        kind = self.pick("one", "one", "prefix", "prefix", "set", "range", "named")
        if kind == "one":
            return self.address(family)
        if kind == "prefix":
            return self.prefix(family)
        if kind == "set":
            return "{ " + ", ".join({self.address(family) for _ in range(3)}) + " }"
        if kind == "named":
            return f"@a{family}"
        low, high = ("10.0.0.3", "10.0.1.2") if family == 4 else ("fd00:0:0:0::3", "fd00:0:0:1::2")
        return f"{low}-{high}"

    def ports(self):
        one = self.random.choice(PORTS)
        return self.pick(str(one), f"{one}-{one + 1}", f"{{ {one}, 5000-5003 }}", f"< {one}", f">= {one}", "@ports")

    def not_(self):
        return self.pick("", "", "", "!= ")

    def interface(self):
        return self.pick(*(f'"{zone}"' for zone in ZONES), "{ za, zb }", '"z*"')

    def match(self, family, proto):
        """One match that does not contradict the family and the protocol: nft refuses what could never match."""
        w, address = self.word(family), lambda: self.address(family)
        ports = self.ports()
        negated = "" if ports[0] in "<>" else self.not_()
        port = self.pick(*PORTS)
        options = [
            f"{w} saddr {self.not_()}{self.members(family)}",
            f"{w} daddr {self.not_()}{self.members(family)}",
            f"{self.pick('iifname', 'oifname')} {self.not_()}{self.interface()}",
            f'iifname . oifname {self.not_()}{{ "za" . "zb", "zb" . "zc" }}',
            f"meta nfproto ipv{family}",
        ]
        if proto in ("tcp", "udp"):
            options += [f"{proto} dport {negated}{ports}"] * 3
            options += [
                f"{proto} sport {negated}{ports}",
                f"{w} saddr . {w} daddr . {proto} dport {self.not_()}{{ {address()} . {address()} . {port},"
                f" {self.prefix(family)} . {address()} . 5000-5002 }}",
            ]
        elif proto == "icmp":
            options += [
                f"{'icmp' if family == 4 else 'icmpv6'} type {self.not_()}{self.pick('echo-request', 'echo-reply')}"
            ]
        else:
            options += [f"meta l4proto {{ tcp, udp }} th dport {negated}{ports}"]
        if self.stateful:
            options += [f"ct state {self.pick('new', '!= new', 'established,related', 'invalid')}"]
        return self.pick(*options)

    def rule(self, targets):
        family, proto = self.pick(4, 6), self.pick("tcp", "tcp", "udp", "udp", "icmp", "none")
        matches = list(dict.fromkeys(self.match(family, proto) for _ in range(self.pick(0, 1, 1, 2, 2, 3))))
        if self.random.random() < 0.15:
            return " ".join([*matches, self.table(family, proto, f"jump {targets[0]}" if targets else "accept")])
        verdicts = ["accept", "accept", "accept", "drop", "drop", "return", "counter", "reject"]
        verdicts += [f"{self.pick('jump', 'goto')} {target}" for target in targets] * 2
        return " ".join([*matches, self.pick(*verdicts)])

    def table(self, family, proto, jump):
        options = [f'iifname . oifname vmap {{ "za" . "zb" : {jump}, "zb" . "za" : drop, "zc" . "za" : accept }}']
        if proto == "tcp":
            options.append(f"tcp dport vmap {{ 22 : accept, 80-443 : {jump}, 8080 : drop }}")
        elif proto == "udp":
            options.append(f"{self.word(family)} saddr . udp dport vmap {{ {self.address(family)} . 53 : {jump} }}")
        elif proto == "none":
            options.append("meta l4proto vmap { tcp : continue, udp : return }")
        return self.pick(*options)

    def chain(self, name, targets, head="", least=1, most=6):
        count = self.random.randint(least, most)
        lines = [head] if head else []
        # A rule that takes everything, early on, would leave nothing to be found out.
        lines += [line for line in (self.rule(targets) for _ in range(count)) if " " in line]
        return f"  chain {name} {{\n" + "".join(f"    {line}\n" for line in lines) + "  }\n"

    def ruleset(self):
        """Return the text of one ruleset."""
        policy = self.pick("accept", "drop")
        ports = ", ".join(str(port) for port in self.random.sample(PORTS, 3))
        sets = f"  set ports {{ type inet_service; elements = {{ {ports} }}; }}\n"
        for family in (4, 6):
            elements = f"{self.prefix(family)}, {self.address(family)}"
            sets += f"  set a{family} {{ type ipv{family}_addr; flags interval; auto-merge; "
            sets += f"elements = {{ {elements} }}; }}\n"
        text = "table inet t {\n" + sets
        text += self.chain("s2", [])
        text += self.chain("s1", ["s2"])
        text += self.chain("f", ["s1", "s2"], f"type filter hook forward priority 0; policy {policy};", 3, 12)
        if self.random.random() < 0.5:
            text += self.chain("late", ["s2"], "type filter hook forward priority 10; policy accept;")
        if self.random.random() < 0.3:
            text += "  chain early {\n    type filter hook prerouting priority -300; policy accept;\n"
            text += "    ip saddr 10.0.2.130 drop\n    ip6 saddr fd00:0:0:2::8002 tcp dport 22 drop\n  }\n"
        return text + "}\n"
