"""What a ruleset permits, in the declaration's words, and how two of these lists differ in packets.

An entry is ``{"chain", "flow", "from", "to", "service", "users", "windowed", "ways"}`` with ``ways`` a list of
``[family, protocol, port, sources, destinations]``; ``shoko.policy.permits`` makes them.
"""

from __future__ import annotations


def difference(before: list[dict], after: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return what ``after`` newly permits and what it newly denies, each as entries with the differing ways alone.

    What decides is the packet: chain, family, protocol, port, addresses, sending users, window. The words around it
    (flow, names, service) are told and not compared, and neither is the order.
    """
    old, new = _packets(before), _packets(after)
    return _entries(new, new.keys() - old.keys()), _entries(old, old.keys() - new.keys())


def _packets(entries: list[dict]) -> dict[tuple, dict]:
    return {
        (entry["chain"], tuple(sorted(entry["users"])), entry["windowed"], *way): entry
        for entry in entries
        for way in entry["ways"]
    }


def _entries(packets: dict[tuple, dict], chosen: set[tuple]) -> list[dict]:
    found: dict[int, dict] = {}
    for packet in sorted(chosen):
        entry = packets[packet]
        found.setdefault(id(entry), {**entry, "ways": []})["ways"].append(list(packet[3:]))
    return sorted(found.values(), key=lambda entry: (entry["flow"], entry["from"], entry["to"], entry["chain"]))
