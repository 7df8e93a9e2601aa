"""Names of interfaces as numbers, so that they are a field like the others."""

from __future__ import annotations

from collections.abc import Iterable

from shoko.proof.spans import Spans, of

NONE = 0  # a packet that a host sends came in by none, one that it receives leaves by none


class Interfaces:
    """The names that rulesets and declaration know, and one number per wildcard for the names that only it covers.

    A number that was not given out stands for any name that nobody mentions.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(sorted(set(names)), start=1)}
        self._names = {number: name for name, number in self._numbers.items()}

    def number(self, name: str) -> int:
        """Return the number of a name; KeyError if it is not among the known ones."""
        return self._numbers[name]

    @property
    def known(self) -> dict[str, int]:
        """The numbers of all names and wildcards."""
        return dict(self._numbers)

    def matching(self, pattern: str) -> Spans:
        """Return the numbers that a name or a wildcard ("vlan*") of nftables matches."""
        if not pattern.endswith("*"):
            return of((self._numbers[pattern],))
        # A number of a longer wildcard stands for names that this shorter one covers too.
        return of(number for name, number in self._numbers.items() if name.startswith(pattern[:-1]))

    def text(self, number: int) -> str:
        """Return what people read: the name, or that it is none or another."""
        return "-" if number == NONE else self._names.get(number, "(any other)")
