"""What a change newly lets through the forward proxies: names, which no packet filter sees."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.diff.compare import Verb
from shoko.policy.expand import expand
from shoko.policy.permits import words_of


@dataclass(frozen=True, order=True)
class SiteChange:
    """A zone whose hosts may newly, or no longer, reach a domain on a port by way of the forward proxies."""

    verb: Verb
    zone: str
    domain: str
    port: int


def site_changes(old: Declaration, new: Declaration) -> list[SiteChange]:
    """Return the difference of the two allowlists, sorted; empty if they say the same."""
    before, after = _reached(old), _reached(new)
    return [
        *(SiteChange("permitted", *one) for one in sorted(after - before)),
        *(SiteChange("denied", *one) for one in sorted(before - after)),
    ]


def _reached(declaration: Declaration) -> set[tuple[str, str, int]]:
    return {
        (words_of(declaration, item.source).partition("/")[0], domain, port)
        for item in expand(declaration)
        for site in declaration.flows[item.flow].via_sites
        for domain in declaration.sites[site].domains
        for port in declaration.sites[site].ports
    }
