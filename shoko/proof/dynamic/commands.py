"""The options of `shoko prove --dynamic`, and its run."""

from __future__ import annotations

import argparse
import signal
from datetime import UTC, datetime
from types import FrameType

from shoko.declaration.load import site_directory
from shoko.declaration.model import Declaration
from shoko.lab.errors import LabError
from shoko.lab.progress import say
from shoko.proof.dynamic.hosts import host_suite
from shoko.proof.dynamic.layers import layer_suite
from shoko.proof.dynamic.path import Read, Wanted, path_suite
from shoko.proof.dynamic.place import lab_of
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.errors import ProofError

SUITES = ("path", "hosts")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("by packets (on the lab, as root)")
    group.add_argument("--dynamic", action="store_true", help="by real packets through the running lab")
    group.add_argument("--quick", action="store_true", help="some ports of each pair instead of all 65,536")
    group.add_argument(
        "--pairs", action="append", default=[], metavar="A:B", help="only from segment A to segment B; may be repeated"
    )
    group.add_argument("--gateway", action="append", metavar="HOST", help="only this gateway; may be repeated")
    group.add_argument(
        "--suite",
        action="append",
        choices=SUITES,
        help="only this suite: path, raw frames through each gateway; hosts, ordinary sessions between all hosts (with "
        "--host: from or to it). Both unless some are named; --quick, --pairs, --gateway mean path, --host means hosts",
    )
    group.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="of the ports that the host suite tries beside those of services; the "
        "number of today unless given, so that other ports are tried tomorrow",
    )


def prove(options: argparse.Namespace, declaration: Declaration, read: Read) -> list[SuiteResult]:
    """Run the suites; ProofError where they cannot be run at all. `read` gives the running rulesets of hosts."""
    wanted = Wanted(_gateways(options, declaration), _pairs(options, declaration), options.quick)
    only = _hosts(options, declaration)
    suites = _suites(options)
    place = lab_of(site_directory(options.inventory), declaration)
    # A shell starts what runs in the background deaf to SIGINT; this one always cleans up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupted)
    try:
        if options.layers:
            return [layer_suite(place, read(list(declaration.hosts)), only)]
        results: list[SuiteResult] = []
        if "path" in suites:
            results += path_suite(place, read, wanted, say)
        if "hosts" in suites:
            sample = datetime.now(UTC).date().toordinal() if options.sample is None else options.sample
            results.append(host_suite(place, read(list(declaration.hosts)), sample, only))
        return results
    except LabError as problem:
        raise ProofError(str(problem)) from problem


def _suites(options: argparse.Namespace) -> tuple[str, ...]:
    if options.layers and (options.suite or options.pairs or options.gateway):
        raise ProofError("--layers is run alone; only --host narrows it")
    if options.suite:
        return tuple(options.suite)
    if options.pairs or options.gateway or options.quick:
        return ("path",)
    return ("hosts",) if options.host else SUITES


def _hosts(options: argparse.Namespace, declaration: Declaration) -> tuple[str, ...]:
    known = (*declaration.hosts, *declaration.external)
    unknown = [name for name in options.host or [] if name not in known]
    if unknown:
        raise ProofError(f"no such host: {', '.join(unknown)} (there are: {', '.join(known)})")
    return tuple(options.host or ())


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C: whatever was made is removed on the way out."""
    raise KeyboardInterrupt


def _gateways(options: argparse.Namespace, declaration: Declaration) -> tuple[str, ...]:
    known = declaration.gateways.hosts
    unknown = [name for name in options.gateway or [] if name not in known]
    if unknown:
        raise ProofError(f"no such gateway: {', '.join(unknown)} (there are: {', '.join(known)})")
    return tuple(name for name in known if not options.gateway or name in options.gateway)


def _pairs(options: argparse.Namespace, declaration: Declaration) -> frozenset[tuple[str, str]]:
    there = [one.name for one in declaration.segments.values() if not one.own_uplink]
    found = set()
    for written in options.pairs:
        source, _colon, destination = written.partition(":")
        for name in (source, destination):
            if name not in there:
                raise ProofError(f"--pairs {written}: no segment {name!r} at the gateways ({', '.join(there)})")
        if source == destination:
            raise ProofError(f"--pairs {written}: inside a segment no gateway decides; the host suite proves that")
        if declaration.segments[source].vlan is None:
            raise ProofError(f"--pairs {written}: {source} is no segment of the switch: nothing can be sent from there")
        found.add((source, destination))
    return frozenset(found)
