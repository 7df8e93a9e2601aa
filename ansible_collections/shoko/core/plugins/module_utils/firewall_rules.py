"""The owned nftables tables of a host: what the kernel runs, and transactions that replace them.

Stands alone (standard library only), because the loader that starts with the host uses it too.
"""

from __future__ import annotations

import json
import subprocess


class FirewallError(Exception):
    """nft refused something; the text is nft's own, on one line."""


def nft(arguments: list[str], text: str | None = None) -> str:
    """Run nft and return its output; ``text`` is read as ``-f -``."""
    command = ["nft", *arguments, *(["-f", "-"] if text is not None else [])]
    try:
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError as error:
        raise FirewallError("nft is not installed on this host") from error
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"{' '.join(command)} did not end within 60 s") from error
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip() and set(line.strip()) != {"^"}]
        raise FirewallError(f"{' '.join(command)}: {' | '.join(said[:6])}")
    return done.stdout


def existing(tables: list[str]) -> list[str]:
    """Return those of ``tables`` ("inet shoko") that the kernel has."""
    rows = json.loads(nft(["-j", "list", "tables"]))["nftables"]
    found = {f"{row['table']['family']} {row['table']['name']}" for row in rows if "table" in row}
    return [table for table in tables if table in found]


def replacement(tables: list[str], body: str) -> str:
    """Return one transaction: the owned tables go, the body comes. No other table is touched.

    ``add`` before ``delete`` makes it valid whether a table exists or not; ``destroy`` needs a newer nft.
    """
    prelude = "".join(f"add table {table}\ndelete table {table}\n" for table in tables)
    return f"{prelude}{body}"


def running(tables: list[str]) -> str:
    """Return the owned tables as the kernel has them, with the rest of each timed element's life."""
    return "".join(nft(["list", "table", *table.split()]) for table in existing(tables))


def timed_sets(tables: list[str]) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """Return the sets that hold windows, ``{(table, set): [element, …]}``: those with ``flags timeout`` alone."""
    found = {}
    for table in existing(tables):
        for row in json.loads(nft(["-j", "list", "table", *table.split()]))["nftables"]:
            one = row.get("set")
            if one and _timed(one):
                found[(table, one["name"])] = sorted(_cells(element) for element in one.get("elem", []))
    return found


def _timed(one: dict) -> bool:
    flags = one.get("flags", [])
    return "timeout" in flags and "dynamic" not in flags


def _cells(element: object) -> tuple[str, ...]:
    value = element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element
    return tuple(str(cell) for cell in (value["concat"] if isinstance(value, dict) and "concat" in value else [value]))


def canonical(tables: list[str]) -> list[str]:
    """Return the owned tables as lines that are equal exactly when the rules are.

    Counters, handles, the contents of timed and dynamic sets, and the order of set elements are left out.
    """
    lines = []
    for table in existing(tables):
        for row in json.loads(nft(["-j", "list", "table", *table.split()]))["nftables"]:
            if "metainfo" in row:
                continue
            one = row.get("set") or row.get("map")
            if one and {"timeout", "dynamic"} & set(one.get("flags", [])):
                one.pop("elem", None)
            lines.append(json.dumps(_stripped(row), sort_keys=True, ensure_ascii=False))
    return lines


def _stripped(value: object) -> object:
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, inner in value.items():
        if key == "handle":
            continue
        if key == "counter":
            result[key] = inner.get("name") if isinstance(inner, dict) else inner
        elif key in ("set", "elem") and isinstance(inner, list):
            result[key] = sorted((_stripped(item) for item in inner), key=lambda item: json.dumps(item, sort_keys=True))
        else:
            result[key] = _stripped(inner)
    return result
