"""How much of its throughput a gateway keeps with its ruleset: TCP through it, against no ruleset at all. Runs as root.

Beside them stands a ruleset of one rule that only tracks sessions: what any stateful firewall costs on this kernel.

The declaration is the lab's with 250 more terminals and a flow of theirs: one set of 1,000 members in each family. The
gateway stands in a namespace of its own, between a terminal and an ILS server. Senders have one processor, receivers
the other. The cases are measured in turns, so that other work on the machine hits all; printed are medians and their
ratios.

    tests/bench/throughput.py [ROUNDS [SECONDS]]
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from multiprocessing import Pipe, Process
from pathlib import Path
from shutil import copytree

from shoko.declaration.load import load as declared
from shoko.policy import slices
from shoko.policy.nft import ruleset

ROUNDS, SECONDS = (int(word) for word in (*sys.argv[1:], *("25", "1")[len(sys.argv) - 1 :]))
LAB = Path(__file__).resolve().parents[2] / "inventories" / "lab"
TERMINALS, PORT, BAR = 250, 443, 0.95
FLOW = """
  bench:
    from: {group: business_terminals}
    to: {group: ils_servers, leg: business}
    services: [https, ils-public]
    why: {operation: throughput}
    owner: library-systems
"""
TRACKING = (
    "table inet tracking { chain forward { type filter hook forward priority filter; ct state established accept; }\n}"
)
PROCESSORS = {"terminal": 0, "server": 1}
PLACES = {"terminal": "10.10.41.4", "server": "10.10.40.11"}
CABLES = {"terminal": ("biz-central", "10.10.41"), "server": ("business", "10.10.40")}


def site(folder):
    """The lab with more terminals, as a declaration."""
    copytree(LAB / "declaration", folder / "declaration")
    hosts, flows, numbers, usb = (
        folder / "declaration" / f"{name}.yml" for name in ("hosts", "flows", "numbers", "usb")
    )
    more = "".join(
        f"  tb-{number}: {{groups: [business_terminals], legs: {{business: {{segment: business.central, "
        f'ipv4: 10.10.41.{number}, ipv6: "fd5e:c0:0:41::{number}", manage: true}}}}}}\n'
        for number in range(4, 4 + TERMINALS)
    )
    usb.write_text(usb.read_text(encoding="utf-8").replace("tb-central", "tb-4"), encoding="utf-8")
    lines = hosts.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if line.startswith("  tb-central:"))
    lines[first : first + 1] = [more]  # tb-central's address is one of theirs
    hosts.write_text("".join(lines), encoding="utf-8")
    flows.write_text(flows.read_text(encoding="utf-8").replace("\nflows:\n", f"\nflows:{FLOW}", 1), encoding="utf-8")
    numbers.write_text(
        numbers.read_text(encoding="utf-8").replace("numbers:\n", "numbers:\n  bench: 1000\n", 1), encoding="utf-8"
    )
    return declared(folder)


@contextmanager
def namespaces():
    """Terminal, gateway and server, joined by two cables."""
    names = {name: f"shb{os.getpid()}-{name}" for name in ("terminal", "gateway", "server")}
    try:
        for name in names.values():
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        gateway = names["gateway"]
        for place, (interface, network) in CABLES.items():
            there = names[place]
            run("ip", "-n", gateway, "link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", there)
            for where, link, address in ((gateway, interface, f"{network}.254"), (there, "eth0", PLACES[place])):
                run("ip", "-n", where, "addr", "add", f"{address}/24", "dev", link)
                run("ip", "-n", where, "link", "set", link, "up")
            run("ip", "-n", there, "route", "add", "default", "via", f"{network}.254")
        run("ip", "netns", "exec", gateway, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def whole_frames(names, segments):
    """How many segments TCP hands over at once: 1 gives frames as they are on a wire."""
    for name, links in ((names["gateway"], ("biz-central", "business")), *((names[p], ("eth0",)) for p in CABLES)):
        for link in links:
            run("ip", "-n", name, "link", "set", link, "gso_max_segs", str(segments))
            run("ethtool", "-K", link, "gro", "on" if segments > 1 else "off", inside=name)


def transfer(names, streams):
    """Return Gbit/s that arrive at the server."""
    ready, told = Pipe()
    server = Process(target=serve, args=(names["server"], streams, told))
    server.start()
    assert ready.recv() == "listening"
    clients = [Process(target=send, args=(names["terminal"],)) for _ in range(streams)]
    for one in clients:
        one.start()
    assert ready.poll(SECONDS + 20), "the transfer does not end"
    received, seconds = ready.recv()
    for one in (*clients, server):
        one.join()
    return received * 8 / seconds / 1e9


def serve(name, streams, told):
    """Receive from so many connections until they end; tell bytes and seconds."""
    enter(name)
    listener = socket.create_server((PLACES["server"], PORT), backlog=streams)
    told.send("listening")
    connections = [listener.accept()[0] for _ in range(streams)]
    begin = time.monotonic()
    parts = [Pipe() for _ in connections]
    readers = [
        Process(target=drain, args=(one, end)) for one, (_mine, end) in zip(connections, parts, strict=True)
    ]  # fmt: skip
    for one in readers:
        one.start()
    total = sum(mine.recv() for mine, _end in parts)
    told.send((total, time.monotonic() - begin))
    for one in readers:
        one.join()


def drain(connection, told):
    buffer, total = bytearray(1 << 20), 0
    while count := connection.recv_into(buffer):
        total += count
    told.send(total)


def send(name):
    enter(name)
    connection = socket.create_connection((PLACES["server"], PORT), timeout=10)
    data, end = bytes(1 << 20), time.monotonic() + SECONDS
    while time.monotonic() < end:
        connection.sendall(data)
    connection.close()


def enter(name):
    os.sched_setaffinity(0, {PROCESSORS[name.rpartition("-")[2]]})
    handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
    os.setns(handle, os.CLONE_NEWNET)
    os.close(handle)


def load(name, text):
    run("nft", "-f", "-", inside=name, text="flush ruleset\n" + text)


def counted(name):
    """How many sessions the flow's rule has let through."""
    listing = json.loads(run("nft", "-j", "list", "ruleset", inside=name))
    rules = [one["rule"] for one in listing["nftables"] if one.get("rule", {}).get("comment") == "bench"]
    return sum(part["counter"]["packets"] for rule in rules for part in rule["expr"] if "counter" in part)


def largest_set(name):
    """The number of members of the largest set that a rule of the flow looks up."""
    listing = json.loads(run("nft", "-j", "list", "ruleset", inside=name))
    rules = [one["rule"] for one in listing["nftables"] if one.get("rule", {}).get("comment") == "bench"]
    rights = [part["match"]["right"] for rule in rules for part in rule["expr"] if "match" in part]
    return max(len(right["set"]) for right in rights if isinstance(right, dict) and "set" in right)


def measured(names, text, streams):
    """What each transfer reached with the ruleset, with tracking alone and with none, in turns."""
    found = {"ruleset": [], "tracking": [], "none": []}
    for _round in range(ROUNDS):
        for case, loaded in (("ruleset", text), ("tracking", TRACKING), ("none", "")):
            load(names["gateway"], loaded)
            found[case].append(transfer(names, streams))
            if case == "ruleset":
                assert counted(names["gateway"]) == streams, "the sessions did not pass by the flow's rule"
    return found


def run(*command, inside=None, text=None):
    whole = ["ip", "netns", "exec", inside, *command] if inside else list(command)
    done = subprocess.run(whole, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(whole)}: {done.stderr}"
    return done.stdout


def main():
    """Print a line per case; exit 1 if the bar is missed."""
    with tempfile.TemporaryDirectory() as folder, namespaces() as names:
        text = ruleset(slices(site(Path(folder)))["fw1"])
        load(names["gateway"], text)
        print(
            f"{largest_set(names['gateway'])} members, {text.count('comment ')} rules, {ROUNDS} rounds of {SECONDS} s"
        )
        ratios = []
        for segments, frames in ((64, "large segments"), (1, "frames of a wire")):
            whole_frames(names, segments)
            for streams in (1, 4):
                found = measured(names, text, streams)
                medians = {case: statistics.median(values) for case, values in found.items()}
                ratios.append(medians["ruleset"] / medians["none"])
                told = [
                    f"{case} {medians[case]:.2f} ({min(values):.2f}-{max(values):.2f})"
                    for case, values in found.items()
                ]
                print(
                    f"{frames}, {streams} streams: {', '.join(told)} Gbit/s: {ratios[-1]:.1%} of none,"
                    f" {medians['ruleset'] / medians['tracking']:.1%} of tracking",
                    flush=True,
                )
    sys.exit(any(ratio < BAR for ratio in ratios))


if __name__ == "__main__":
    main()
