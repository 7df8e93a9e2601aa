"""`shoko prove`: does what hosts enforce equal the declaration, for every packet?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing

from shoko.declaration.commands import add_site
from shoko.declaration.load import load, site_directory
from shoko.declaration.model import Declaration
from shoko.errors import ShokoError
from shoko.proof import rendered, running
from shoko.proof.composed.compose import Composed, compose
from shoko.proof.composed.report import lines as together
from shoko.proof.composed.report import table
from shoko.proof.errors import ProofError
from shoko.proof.evidence import Listings, Sources, now, record
from shoko.proof.formats import FORMATS
from shoko.proof.outputs import STANDARD, Outputs
from shoko.proof.progress import Progress
from shoko.proof.prove import HostProof, prove_site
from shoko.proof.report import lines, printable, verdict
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
    parser.add_argument("--static", action="store_true", required=True, help="by analysis of all packets at once")
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
    parser.add_argument("--layers", action="store_true", help="also tell which layers deny what is denied, by zones")
    parser.add_argument("--progress", action="store_true", help="tell on standard error which hosts have been read")
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
    declaration = load(options.inventory)
    hosts = _hosts(declaration, options.host)
    if options.rendered:
        seen = None
        sources = Sources("rendered", dict.fromkeys(hosts, "not asked for"), rendered.listings(declaration, hosts))
    else:
        config = ssh_config(site_directory(options.inventory))
        with closing(Progress(len(hosts), wanted=options.progress)) as progress:
            seen = running.observations(declaration, config, hosts, progress)
        sources = Sources("running", running.listings(seen), _beside(declaration, hosts) if outputs.places else {})
    judged = sources.running if sources.judged == "running" else sources.rendered
    proofs, composed = compose(
        declaration, [proof for proof in prove_site(declaration, judged) if proof.host in hosts], seen
    )
    differs = composed is not None and composed.differs
    if outputs.places:
        page = record(declaration, proofs, sources, started, composed)
        for name in outputs.places:
            outputs.write(name, FORMATS[name](page))
    if not outputs.printed:
        print("\n".join(_report(proofs, composed, layers=options.layers)))
    return verdict(proofs, differs=differs)


def _report(proofs: list[HostProof], composed: Composed | None, *, layers: bool) -> Iterator[str]:
    yield from lines(proofs, differs=composed is not None and composed.differs)
    if composed is not None:
        yield from map(printable, together(composed))
        if layers:
            yield from table(composed)
    else:
        yield "together: only some hosts were asked; what gets through from end to end is seen when all are"


def _hosts(declaration: Declaration, named: list[str] | None) -> list[str]:
    hosts = list(dict.fromkeys(named or declaration.hosts))
    unknown = [host for host in hosts if host not in declaration.hosts]
    if unknown:
        raise ProofError(f"no such host: {', '.join(unknown)} (there are: {', '.join(declaration.hosts)})")
    return hosts


def _beside(declaration: Declaration, hosts: list[str]) -> Listings:
    """What the roles would write, for the record of a proof about what runs; the proof does not hang on it."""
    try:
        return rendered.listings(declaration, hosts)
    except ShokoError as problem:
        return dict.fromkeys(hosts, str(problem))
