"""`shoko prove`: does what hosts enforce equal the declaration, for every packet?"""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoko.declaration.commands import add_site
from shoko.declaration.load import load, site_directory
from shoko.declaration.model import Declaration
from shoko.proof import rendered, running
from shoko.proof.dynamic import commands as dynamic
from shoko.proof.dynamic import report as by_packets
from shoko.proof.errors import ProofError
from shoko.proof.prove import prove_site
from shoko.proof.report import RESULTS, lines, record, verdict, worst
from shoko.window.remote import ssh_config


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `prove`."""
    parser = subparsers.add_parser(
        "prove",
        help="prove that what hosts enforce equals the declaration, for every packet",
        description="Proves that the rulesets of all hosts let through exactly what the declaration permits, or shows "
        "a packet for which they do not, with the rule. Exit 0: proven. Exit 1: counterexample. Exit 2: unproved.",
    )
    add_site(parser)
    parser.add_argument(
        "--static", action="store_true", help="by analysis of all packets at once; what is done without --dynamic"
    )
    parser.add_argument(
        "--rendered",
        action="store_true",
        help="instead of what the hosts hold now: what the roles would write, loaded into private network namespaces "
        "of this machine (needs root)",
    )
    parser.add_argument("--host", action="append", metavar="HOST", help="only this host; may be repeated")
    dynamic.add_options(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    declaration = load(options.inventory)
    if options.dynamic and options.rendered:
        raise ProofError("--rendered and --dynamic do not go together: packets prove what runs")
    if options.layers and not options.dynamic:
        raise ProofError("--layers shows by packets: give --dynamic as well")
    codes: list[int] = []
    document: dict[str, Any] = {"site": declaration.key, "declaration_digest": declaration.digest}
    if options.static or not options.dynamic:
        codes.append(_by_analysis(options, declaration, document))
    if options.dynamic:
        config = ssh_config(site_directory(options.inventory))
        results = dynamic.prove(options, declaration, lambda names: running.listings(declaration, config, names))
        codes.append(by_packets.verdict(results))
        document |= {"result": RESULTS[worst(codes)], "dynamic": by_packets.record(results)}
        if not options.json:
            print("\n".join(by_packets.lines(results)))
    if options.json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    return worst(codes)


def _by_analysis(options: argparse.Namespace, declaration: Declaration, document: dict[str, Any]) -> int:
    hosts = options.host or list(declaration.hosts)
    unknown = [host for host in hosts if host not in declaration.hosts]
    if unknown:
        raise ProofError(f"no such host: {', '.join(unknown)} (there are: {', '.join(declaration.hosts)})")
    if options.rendered:
        found = rendered.listings(declaration, hosts)
    else:
        found = running.listings(declaration, ssh_config(site_directory(options.inventory)), hosts)
    proofs = [proof for proof in prove_site(declaration, found) if proof.host in hosts]
    document |= json.loads(record(declaration, proofs, found))
    if not options.json:
        print("\n".join(lines(proofs)))
    return verdict(proofs)
