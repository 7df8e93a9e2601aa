"""The difference of two declarations as a person reads it, zone pair by zone pair, and as a machine does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import groupby

from shoko.declaration.model import Declaration, Flow
from shoko.diff.allowlist import SiteChange
from shoko.diff.compare import Change
from shoko.diff.devices import DeviceChange

SHOWN = 4  # prefixes of one end that a person still reads
FAMILY = {"ipv4": "IPv4", "ipv6": "IPv6"}
Pair = tuple[str, str]


def lines(
    old: Declaration,
    new: Declaration,
    found: Sequence[Change],
    sites: Sequence[SiteChange] = (),
    devices: Sequence[DeviceChange] = (),
) -> Iterator[str]:
    """Yield the lines for a person, who reads names; one line says that no packet differs."""
    if not found:
        yield "no packet is newly permitted or newly denied"
    for verb, of_verb in groupby(found, key=lambda one: one.verb):
        declaration = new if verb == "permitted" else old
        yield f"newly {verb}"
        for (source, destination), of_pair in _grouped(of_verb, _zones):
            yield f"  {source} → {destination}"
            for words, same in _grouped(of_pair, partial(_words, declaration)):
                ports = dict.fromkeys(f"{one.protocol}/{one.port}" for one in same)
                yield f"    {words}  {' '.join(ports)}"
                yield from (f"      {line}" for line in _pairs(same))
    for verb, of_sites in groupby(sites, key=lambda one: one.verb):
        yield f"newly {verb} by the forward proxies"
        yield from (f"  {one.zone} → {one.domain} port {one.port}" for one in of_sites)
    for verb_of_device, of_devices in groupby(devices, key=lambda one: one.verb):
        yield f"device control: {verb_of_device}"
        yield from (f"  {_device(old if one.verb == 'removed' else new, one)}" for one in of_devices)


def _grouped[Key](changes: Iterable[Change], key: Callable[[Change], Key]) -> Iterator[tuple[Key, list[Change]]]:
    found: dict[Key, list[Change]] = {}
    for one in changes:
        found.setdefault(key(one), []).append(one)
    yield from found.items()


def _pairs(changes: Iterable[Change]) -> Iterator[str]:
    """Who reaches whom: a line for each sender."""
    families: dict[Pair, set[str]] = {}
    for one in changes:
        pair = _end(one.source, one.sources, one), _end(one.destination, one.destinations, one)
        families.setdefault(pair, set()).add(FAMILY[one.family])
    senders: dict[Pair, list[str]] = {}
    for (source, destination), spoken in families.items():
        only = "" if len(spoken) == len(FAMILY) else f"  ({', '.join(spoken)} only)"
        senders.setdefault((source, only), []).append(destination)
    for (source, only), destinations in senders.items():
        yield f"{source} → {', '.join(dict.fromkeys(destinations))}{only}"


def _end(end: str, prefixes: Sequence[str], change: Change) -> str:
    """The name alone where it says all; the addresses as well where only some of them are meant."""
    name = end.partition("/")[2] or "anybody"
    if change.whole:
        return name
    return f"{name} [{', '.join(prefixes) if len(prefixes) <= SHOWN else f'{len(prefixes)} prefixes'}]"


def record(
    old: Declaration,
    new: Declaration,
    found: Sequence[Change],
    sites: Sequence[SiteChange],
    devices: Sequence[DeviceChange],
) -> str:
    """Return the same as JSON: the digests of both declarations and every change."""
    page = {
        "old": old.digest,
        "new": new.digest,
        "changes": [asdict(one) for one in found],
        "sites": [asdict(one) for one in sites],
        "usb": [asdict(one) for one in devices],
    }
    return json.dumps(page, ensure_ascii=False, indent=2)


def _device(declaration: Declaration, change: DeviceChange) -> str:
    """One policy or device: all that it says where it is new or gone, else what is different."""
    if change.kind == "policy":
        reason = declaration.usb_policies[change.name].control
    else:
        device = declaration.usb_devices[change.name]
        reason = f"{device.title.ja}; {device.owner}"
    if change.verb == "changed":
        said = [
            f"{key} {change.before.get(key, 'none')} → {change.after.get(key, 'none')}"
            for key in dict.fromkeys((*change.before, *change.after))
            if change.before.get(key) != change.after.get(key)
        ]
        gained, lost = "newly at", "no longer at"
    else:
        said = [f"{key} {word}" for key, word in (change.after or change.before).items()]
        gained = lost = "at"
    said += [f"{at} {', '.join(hosts)}" for at, hosts in ((gained, change.gained), (lost, change.lost)) if hosts]
    return f"{change.kind} {change.name} ({reason})  {', '.join(said)}"


def _zones(change: Change) -> tuple[str, str]:
    return change.source.partition("/")[0], change.destination.partition("/")[0]


def _words(declaration: Declaration, change: Change) -> str:
    flow = declaration.flows[change.flow]
    words = [f"{change.flow} ({_reason(flow)}; {flow.owner})", change.when]
    return "  ".join(filter(None, [*words, change.processes and f"process: {change.processes}"]))


def _reason(flow: Flow) -> str:
    return flow.why.control or flow.why.operation or ""
