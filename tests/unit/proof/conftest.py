"""Rulesets written in a test, as the prover gets them: loaded by the kernel and listed by nft."""

import re

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
