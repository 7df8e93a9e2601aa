"""Rulesets written in a test, as the prover gets them: loaded by the kernel and listed by nft."""

import re
from collections import Counter

import pytest

from shoko.proof.interfaces import Interfaces
from shoko.proof.load import loaded
from shoko.proof.read import names, read


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
