"""A small site out of network namespaces: real legs, real routes, the rendered rulesets, real packets."""

import json
import os
import subprocess
import sys
from pathlib import Path

from shoko.policy.nft import ruleset

PROBE = Path(__file__).with_name("probe.py")
PORTS = (22, 53, 443, 2514, 3128, 5432, 8443, 9999)


def run(*command, text=None):
    """Run a command; a failure raises with what it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout


class Network:
    """Namespaces `NAME` of one test process, segments as bridges in one more namespace. `close` leaves nothing."""

    def __init__(self):
        self.prefix = f"shk{os.getpid()}-"
        self.spaces = []
        self.servers = []
        self.addresses = {}
        self.batches = {}
        self.bridges = set()
        self.add("switch")

    def space(self, name):
        return self.prefix + name

    def add(self, name):
        run("ip", "netns", "add", self.space(name))
        self.spaces.append(name)
        # As on every host of a site: nobody asks for routers, which would be a packet that no test has sent.
        self.inside(
            name, "tee", *(f"/proc/sys/net/ipv6/conf/{which}/accept_ra" for which in ("all", "default")), text="0"
        )
        self.addresses[name] = []
        self.batches[name] = (["link set lo up"], [], [])  # links and addresses, IPv4, IPv6

    def inside(self, name, *command, text=None):
        return run("ip", "netns", "exec", self.space(name), *command, text=text)

    def leg(self, name, interface, segment, addresses):
        """Plug a leg into a segment and give it addresses like 10.0.0.1/24."""
        bridge = f"b{segment}"
        switch = self.batches["switch"][0]
        if bridge not in self.bridges:
            switch += [f"link add {bridge} type bridge", f"link set {bridge} up"]
            self.bridges.add(bridge)
        port = f"p{len(self.spaces)}-{len(self.addresses[name])}-{segment}"[:15]
        # Interface names repeat between namespaces, so the pair is made in the leg's own.
        self.batches[name][0].append(f"link add {interface} type veth peer name {port} netns {self.space('switch')}")
        switch.append(f"link set {port} master {bridge} up")
        for address in addresses:
            self.address(name, interface, address)
        self.batches[name][0].append(f"link set {interface} up")

    def address(self, name, interface, address):
        nodad = " nodad" if ":" in address else ""
        self.batches[name][0].append(f"address add {address} dev {interface}{nodad}")
        self.addresses[name].append(address.split("/")[0])

    def route(self, name, to, via, *more):
        self.batches[name][2 if ":" in via else 1].append(" ".join((f"route replace {to} via {via}", *more)))

    def managed(self, content, interfaces):
        """Make a host from its slice: legs, routes by leg, shared addresses where it holds them, ruleset."""
        name = content["host"]
        gateway = content["firewall"]["gateway"]
        self.add(name)
        self.inside(name, "sh", "-c", f"echo {int(gateway)} >/proc/sys/net/ipv4/ip_forward;"
                                      f"echo {int(gateway)} >/proc/sys/net/ipv6/conf/all/forwarding;"
                                      "nft -f -", text=ruleset(content))  # fmt: skip
        bound = {one["interface"]: one["addresses"] for one in content["firewall"]["legs_bind"]}
        for leg in content["legs"]:
            if leg["segment"] is None:
                continue
            own = [f"{leg[f]['address']}/{leg[f]['length']}" for f in ("ipv4", "ipv6") if leg[f]]
            self.leg(name, leg["interface"], interfaces[leg["segment"]], own)
            for shared in bound[leg["interface"]]:
                if shared not in self.addresses[name]:
                    self.address(name, leg["interface"], f"{shared}/{128 if ':' in shared else 32}")
            self._routes(name, leg, bound[leg["interface"]], gateway)

    def _routes(self, name, leg, bound, gateway):
        table = "main" if gateway else str(leg["table"])
        for number, family in enumerate(("ipv4", "ipv6"), start=1):
            if leg[family] and not gateway:
                lines = self.batches[name][number]
                own = [address for address in bound if (":" in address) == (family == "ipv6")]
                lines += [f"rule add from {address} lookup {table}" for address in own]
                lines.append(f"route add {leg[family]['prefix']} dev {leg['interface']} table {table}")
        for route in leg["routes"]:
            self.route(name, route["to"], route["via"], f"dev {leg['interface']}", f"table {table}")

    def build(self):
        """Make everything that was planned, with few calls of ip(8)."""
        for name in (*self.spaces[1:], "switch"):
            for options, lines in zip(((), ("-4",), ("-6",)), self.batches[name], strict=True):
                if lines:
                    self.inside(name, "ip", *options, "-batch", "-", text="\n".join(lines) + "\n")

    def serve(self):
        """Answer on every address of every namespace, on all of PORTS."""
        for name, addresses in self.addresses.items():
            if addresses:
                self.servers.append(subprocess.Popen(
                    ["ip", "netns", "exec", self.space(name), sys.executable, PROBE, "serve", ",".join(addresses),
                     ",".join(map(str, PORTS))],
                    stdout=subprocess.PIPE, text=True))  # fmt: skip
        for server in self.servers:
            assert server.stdout.readline() == "ready\n"

    def start_attempts(self, name, attempts, wait=0.0, expected=0, user=0):
        """Start attempts from a namespace, so many of them expected to come about; `finish_attempts` gives which did.

        What is not expected has `wait` seconds.
        """
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.space(name), sys.executable, PROBE, "try", str(wait), str(expected),
             str(user)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        process.stdin.write(json.dumps(attempts))
        process.stdin.close()
        return process

    @staticmethod
    def finish_attempts(process):
        with process:
            reached = json.load(process.stdout)
        assert process.returncode == 0
        return reached

    def attempt(self, name, attempts, wait=0.0, expected=0, user=0):
        return self.finish_attempts(self.start_attempts(name, attempts, wait, expected, user))

    def counter(self, name, comment, chain):
        """Packets counted so far by the rules of a chain that carry a comment."""
        listed = json.loads(self.inside(name, "nft", "-j", "list", "chain", "inet", "shoko", chain))
        found = [item["rule"] for item in listed["nftables"] if item.get("rule", {}).get("comment") == comment]
        assert found, f"{name}: no rule {comment} in {chain}"
        return sum(part["counter"]["packets"] for rule in found for part in rule["expr"] if "counter" in part)

    def close(self):
        for server in self.servers:
            server.kill()
            server.wait()
            server.stdout.close()
        for name in self.spaces:
            run("ip", "netns", "delete", self.space(name))
