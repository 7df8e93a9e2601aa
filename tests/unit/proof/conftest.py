"""What the prover gets, in tests: rulesets loaded by the kernel and listed by nft, and a whole site as observed."""

import re
from collections import Counter
from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.interfaces import Interfaces
from shoko.proof.load import loaded
from shoko.proof.read import names, read

from .made import pages


class Loaded:
    """A ruleset written as text, with its listing, the numbers of its interfaces, and as the prover reads it."""

    def __init__(self, text, more=("za", "zb", "zc", "lo")):
        # nft wants a block to end its line; tests are easier to read without.
        self.listing = loaded(re.sub(r"\} *(?=\}|chain |set |table )", "}\n", text), "ruleset of a test")
        known = {*names(self.listing), *more}
        self.interfaces = Interfaces(known)
        self.numbers = {name: self.interfaces.number(name) for name in known}
        self.ruleset = read(self.listing, self.interfaces)


@pytest.fixture
def load():
    return Loaded


@pytest.fixture(scope="session")
def observed_lab():
    """The declaration of the lab, and the observer's page of each host as a converged lab gives it."""
    declaration = declared(Path(__file__).resolve().parents[3] / "inventories" / "lab")
    return declaration, pages(declaration, rendered.listings(declaration))


def pytest_terminal_summary(terminalreporter):
    """What became of all mutants, by kind: as the analysis says, and as packets showed."""
    reports = terminalreporter.getreports("passed")
    told = [one for report in reports for name, some in report.user_properties if name == "mutants" for one in some]
    if not told:
        return
    columns = sorted({(static, dynamic) for _name, static, dynamic, *_rest in told})
    write = terminalreporter.write_line
    write(f"{'by analysis / by packets':26}" + "".join(f"{' / '.join(one):>25}" for one in columns))
    for kind in [*sorted({one[0] for one in told} - {"unchanged"}), "all"]:
        counts = Counter(one[1:3] for one in map(tuple, told) if one[0] != "unchanged" and kind in (one[0], "all"))
        write(f"{kind:26}" + "".join(f"{counts[one] or '':>25}" for one in columns))
    write(
        f"{sum(one[4] for one in told)} packets; the rulesets as rendered: {sum(one[0] == 'unchanged' for one in told)}"
    )
    for (kind, reason), count in sorted(Counter((one[0], one[3]) for one in told if one[3]).items()):
        write(f"{count:5} {kind}: {reason}")
