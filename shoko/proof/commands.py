"""`shoko prove`: does what hosts enforce equal the declaration, for every packet?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing

from shoko.declaration.commands import add_site, hosts_of
from shoko.declaration.load import load, site_directory
from shoko.declaration.model import Declaration
from shoko.errors import ShokoError
from shoko.proof import rendered, running
from shoko.proof.composed.compose import compose
from shoko.proof.composed.report import lines as together
from shoko.proof.composed.report import table
from shoko.proof.dynamic import commands as dynamic
from shoko.proof.dynamic import report as by_packets
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.errors import ProofError
from shoko.proof.evidence import Analysis, Listings, Sources, now, record, verdict_of
from shoko.proof.formats import FORMATS
from shoko.proof.outputs import STANDARD, Outputs
from shoko.proof.progress import Progress
from shoko.proof.prove import prove_site
from shoko.proof.report import lines, printable
from shoko.window.remote import ssh_config

_HELP = """\
exit codes:
  0  proven: every host enforces exactly the declaration, and so do all together
  1  counterexample: there is a packet that a host treats otherwise, or a route, address or port that is not declared
  2  unproved: something could not be read or understood, or the command could not start; never a pass
  130  interrupted

examples:
  shoko prove --static -i inventories/lab                      what the hosts hold now
  shoko prove --static --rendered                              what the roles would write, before an apply
  shoko prove --static --host fw1 --host fw2                   two hosts only
  shoko prove --static --layers                                which layers deny what is denied, zone by zone
  shoko prove --static --json > proof.json                     the whole record, for `shoko matrix --proof`
  shoko prove --static --junit proof.xml --jsonl proof.jsonl   for a CI and for a log, with the report on the screen
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `prove`."""
    parser = subparsers.add_parser(
        "prove",
        help="prove that what hosts enforce equals the declaration, for every packet",
        description="Proves that the rulesets of all hosts let through exactly what the declaration permits, or shows\n"
        "a packet for which they do not, with the rules it met. Changes nothing on any host.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_site(parser)
    parser.add_argument(
        "--static", action="store_true", help="by analysis of all packets at once; what is done without --dynamic"
    )
    parser.add_argument(
        "--rendered",
        action="store_true",
        help="instead of what the hosts hold now: what the roles would write, loaded into private network namespaces "
        "of this machine",
    )
    parser.add_argument("--host", action="append", metavar="HOST", help="only this host; may be repeated")
    about = {"json": "as one JSON object", "jsonl": "as JSON Lines, for logs", "junit": "as JUnit XML, for a CI"}
    for name, what in about.items():
        parser.add_argument(
            f"--{name}",
            nargs="?",
            const=STANDARD,
            metavar="FILE",
            help=f"the record {what}, into a file; without FILE, or with -, printed in place of the report",
        )
    parser.add_argument(
        "--layers",
        action="store_true",
        help="also tell which layers deny what is denied, by zones; with --dynamic, instead of the suites: take one "
        "layer away at a time, on the lab alone, and show that the others hold (with --host: between these hosts)",
    )
    parser.add_argument("--progress", action="store_true", help="tell on standard error which hosts have been read")
    dynamic.add_options(parser)
    parser.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    try:
        return _proven(options)
    except ProofError:
        raise
    except ShokoError as problem:  # 1 would say that there is a counterexample
        raise ProofError(str(problem)) from problem


def _proven(options: argparse.Namespace) -> int:
    started = now()
    outputs = Outputs({name: getattr(options, name) for name in FORMATS})
    if options.dynamic and options.rendered:
        raise ProofError("--rendered and --dynamic do not go together: packets prove what runs")
    declaration = load(options.inventory)
    analysis = _by_analysis(options, declaration, beside=bool(outputs.places))
    results = _by_packets(options, declaration)
    if outputs.places:
        page = record(declaration, analysis, results, started)
        for name in outputs.places:
            outputs.write(name, FORMATS[name](page))
    if not outputs.printed:
        print("\n".join(_report(analysis, results, layers=options.layers)))
    return verdict_of(analysis, results)


def _by_analysis(options: argparse.Namespace, declaration: Declaration, *, beside: bool) -> Analysis | None:
    """The static proof, None if only packets are asked for; `beside` adds what the roles would write, for a record."""
    if options.dynamic and not options.static:
        return None
    hosts = hosts_of(declaration, options.host, ProofError)
    if options.rendered:
        seen = None
        sources = Sources("rendered", dict.fromkeys(hosts, "not asked for"), rendered.listings(declaration, hosts))
    else:
        config = ssh_config(site_directory(options.inventory))
        with closing(Progress(len(hosts), wanted=options.progress)) as progress:
            seen = running.observations(declaration, config, hosts, progress)
        sources = Sources("running", running.listings(seen), _beside(declaration, hosts) if beside else {})
    judged = sources.running if sources.judged == "running" else sources.rendered
    proofs, composed = compose(
        declaration, [proof for proof in prove_site(declaration, judged) if proof.host in hosts], seen
    )
    return Analysis(tuple(proofs), composed, sources)


def _by_packets(options: argparse.Namespace, declaration: Declaration) -> list[SuiteResult] | None:
    if not options.dynamic:
        return None
    config = ssh_config(site_directory(options.inventory))
    return dynamic.prove(
        options, declaration, lambda names: running.listings(running.observations(declaration, config, names))
    )


def _report(analysis: Analysis | None, results: Sequence[SuiteResult] | None, *, layers: bool) -> Iterator[str]:
    if analysis is not None:
        composed = analysis.composed
        yield from lines(analysis.proofs, differs=analysis.differs)
        if composed is None:
            yield "together: only some hosts were asked; what gets through from end to end is seen when all are"
        else:
            yield from map(printable, together(composed))
            if layers:
                yield from table(composed)
    if results is not None:
        yield from map(printable, by_packets.lines(results))


def _beside(declaration: Declaration, hosts: list[str]) -> Listings:
    """What the roles would write, for the record of a proof about what runs; the proof does not hang on it."""
    try:
        return rendered.listings(declaration, hosts)
    except ShokoError as problem:
        return dict.fromkeys(hosts, str(problem))
