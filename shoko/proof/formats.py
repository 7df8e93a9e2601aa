"""The record of a proof as JSON, as JSON Lines and as JUnit Tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as Tree

from shoko.proof.evidence import Record

_PATHS = ("input", "forward", "output")
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(record: Record) -> str:
    """Return the record as one JSON object."""
    return json.dumps(record, indent=2) + "\n"


def as_lines(record: Record) -> str:
    """Return one line for the run, for each host, and for each finding; each says by itself what it belongs to."""
    return "".join(json.dumps(one) + "\n" for one in _lines(record))


def as_junit(record: Record) -> str:
    """Return JUnit XML: a suite per host, a case per path; a counterexample is a failure, what is unproved an error."""
    suites = Tree.Element("testsuites", {"name": f"shoko prove {record['site']}", "timestamp": record["started"]})
    _seconds(suites, record)
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    found = [_suite(record, host) for host in record["hosts"]]
    found += [_together(record)] if record["composed"] is not None else []
    found += [_packets(record)] if record["dynamic"] is not None else []
    for suite in found:
        suites.append(suite)
        for name in totals:
            totals[name] += int(suite.get(name, "0"))
    for name, total in totals.items():
        suites.set(name, str(total))
    Tree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(suites, encoding="unicode") + "\n"


FORMATS: dict[str, Callable[[Record], str]] = {"json": as_json, "jsonl": as_lines, "junit": as_junit}


def _lines(record: Record) -> Iterator[Record]:
    run = {name: record[name] for name in ("site", "declaration_digest", "judged", "ended")}
    yield {
        "record": "run",
        **{name: value for name, value in record.items() if name not in ("hosts", "composed", "dynamic")},
    }
    for host in record["hosts"]:
        yield {"record": "host", **run, **{name: value for name, value in host.items() if name != "findings"}}
        for finding in host["findings"]:
            yield {"record": "finding", **run, "host": host["host"], **finding}
    if record["composed"] is not None:
        yield {"record": "composed", **run, **record["composed"]}
    for suite in (record["dynamic"] or {"suites": []})["suites"]:
        yield {"record": "suite", **run, **suite}


def _suite(record: Record, host: Record) -> Tree.Element:
    suite = Tree.Element("testsuite", {"name": host["host"], "timestamp": record["started"]})
    properties = Tree.SubElement(suite, "properties")
    about = {name: record[name] for name in ("declaration_digest", "judged", "by", "shoko", "python")}
    about |= {"kernel": host["kernel"], "nft": host["nft"], "equal_text": host["equal"]["text"]}
    about |= {"equal_sets": host["equal"]["sets"]}
    about |= {f"{name}_digest": host[name]["digest"] for name in ("running", "rendered")}
    for name, value in about.items():
        text = value if isinstance(value, str) else json.dumps(value)
        Tree.SubElement(properties, "property", {"name": name, "value": _plain(text)})
    for name, count in _cases(suite, f"{record['site']}.{host['host']}", host).items():
        suite.set(name, str(count))
    return suite


def _cases(suite: Tree.Element, name: str, host: Record) -> dict[str, int]:
    """Add a case for each path and whatever else differs; what nothing can be said about is an error of it."""
    differing: dict[str, list[Record]] = {}
    for one in host["findings"]:
        differing.setdefault(one["path"], []).append(one)
    compared = {one["path"] for one in host["paths"]}
    cases = list(dict.fromkeys((*_PATHS, *differing)))
    unproved = [case for case in cases if host["unproved"] and case not in compared | set(differing)]
    if host["unproved"] and not unproved:
        unproved = ["everything else"]
        cases += unproved
    for case in cases:
        element = Tree.SubElement(suite, "testcase", {"classname": name, "name": case})
        if found := differing.get(case):
            about = {"type": found[0]["kind"], "message": _plain(_message(found))}
            Tree.SubElement(element, "failure", about).text = _plain("\n\n".join(map(_told, found)))
        elif case in unproved:
            about = {"type": "unproved", "message": _plain(host["unproved"][0])}
            Tree.SubElement(element, "error", about).text = _plain("\n".join(host["unproved"]))
    return {"tests": len(cases), "failures": len(differing), "errors": len(unproved)}


def _together(record: Record) -> Tree.Element:
    """The suite of all hosts together: a case for the ways, one for the gateways, one for each sentence."""
    composed = record["composed"]
    suite = Tree.Element("testsuite", {"name": "together", "timestamp": record["started"]})
    wrong: dict[str, list[Record]] = {"ways": composed["crossings"], "gateways": composed["gateways"]}
    wrong |= {f"expect {one['sentence']}": [one] if one["result"] == "broken" else [] for one in composed["sentences"]}
    for name, found in wrong.items():
        case = Tree.SubElement(suite, "testcase", {"classname": f"{record['site']}.together", "name": name})
        if found:
            text = "\n\n".join(json.dumps(one, ensure_ascii=False, indent=1) for one in found)
            Tree.SubElement(case, "failure", {"type": "counterexample", "message": _plain(name)}).text = _plain(text)
        elif composed["missing"]:
            message = f"nothing is known of {', '.join(composed['missing'])}"
            Tree.SubElement(case, "error", {"type": "unproved", "message": message})
    failures = sum(bool(found) for found in wrong.values())
    errors = len(wrong) - failures if composed["missing"] else 0
    for name, count in (("tests", len(wrong)), ("failures", failures), ("errors", errors)):
        suite.set(name, str(count))
    return suite


def _packets(record: Record) -> Tree.Element:
    """The suites of real packets: a case for each suite and place."""
    suite = Tree.Element("testsuite", {"name": "packets", "timestamp": record["started"]})
    shown = record["dynamic"]["suites"]
    kinds = {"counterexample": "failure", "unproved": "error"}
    for one in shown:
        about = {"classname": f"{record['site']}.packets", "name": f"{one['suite']} at {one['at']}"}
        case = Tree.SubElement(suite, "testcase", {**about, "time": str(one["seconds"])})
        if one["result"] in kinds:
            what = [found["packet"] for found in one["findings"]] or one["unproved"] or ["packets unaccounted for"]
            kind = {"type": one["result"], "message": _plain(what[0])}
            Tree.SubElement(case, kinds[one["result"]], kind).text = _plain(
                json.dumps(one, ensure_ascii=False, indent=1)
            )
    results = [one["result"] for one in shown]
    counts = {"tests": len(shown), "failures": results.count("counterexample"), "errors": results.count("unproved")}
    for name, count in counts.items():
        suite.set(name, str(count))
    return suite


def _message(found: list[Record]) -> str:
    first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{first['detail'] or 'a packet'} {first['meaning']}{more}"


def _told(finding: Record) -> str:
    """A finding in lines: meaning, packet, bytes, and the rules it met."""
    packet: dict[str, Any] = finding["packet"] or {}
    said = {
        "meaning": finding["meaning"],
        "flow": finding["flow"],
        "packet": " ".join(f"{name}={value}" for name, value in packet.items()) or None,
        "bytes": finding["bytes"],
        "detail": finding["detail"],
    }
    rules = [f"rule: {step['rule']}: {step['verdict']}" for step in finding["steps"]]
    return "\n".join([*(f"{name}: {value}" for name, value in said.items() if value is not None), *rules])


def _seconds(element: Tree.Element, record: Record) -> None:
    took = datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])
    element.set("time", str(int(took.total_seconds())))


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
