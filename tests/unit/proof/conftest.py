"""What the prover gets, in tests: rulesets loaded by the kernel and listed by nft, and a whole site as observed."""

import re
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
