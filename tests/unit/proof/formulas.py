"""The oracle over all packets at once: formulas for z3, a prover that knows nothing of boxes."""

import z3

from shoko.proof.fields import VALUES

from .oracle import Oracle

WIDTHS = {field: max(1, (full[-1] - 1).bit_length()) for field, full in VALUES.items()}


class Symbolic:
    """Terms over z3: numbers are bit vectors (or plain numbers where a rule has set one)."""

    true, false = z3.BoolVal(True), z3.BoolVal(False)
    both, either, no = staticmethod(z3.And), staticmethod(z3.Or), staticmethod(z3.Not)

    @staticmethod
    def choose(condition, one, other):
        return z3.If(condition, z3.BitVecVal(one, other.size()) if isinstance(one, int) else one, other)

    @staticmethod
    def within(value, low, high):
        if isinstance(value, int):
            return z3.BoolVal(low <= value <= high)
        top = (1 << value.size()) - 1
        if low == high:
            return value == low if high <= top else z3.BoolVal(False)
        return z3.And(z3.UGE(value, min(low, top)), z3.ULE(value, min(high, top)))


def packet():
    """Return a packet of unknowns."""
    return {field: z3.BitVec(field, width) for field, width in WIDTHS.items()}


def inside(one, boxes):
    """Return the formula "the packet is in one of these boxes"."""
    return z3.Or(False, *(
        z3.And(True, *(
            z3.Or(*(Symbolic.within(one[field], members[at], members[at + 1] - 1) for at in range(0, len(members), 2)))
            for field, members in box.items()
        ))
        for box in boxes
    ))  # fmt: skip


def accepts(listing, numbers, path, one):
    """Return the formula "the ruleset lets the packet through", and the packet as it leaves."""
    return Oracle(listing, numbers, Symbolic).accepts(path, one)


def example(*conditions):
    """Return a packet that fulfils all conditions, None if there is none: then their opposite is proven."""
    solver = z3.Solver()
    solver.add(*conditions)
    if solver.check() == z3.unsat:
        return None
    assert solver.check() == z3.sat, "z3 gave up"
    model = solver.model()
    return {field: model.eval(term, model_completion=True).as_long() for field, term in packet().items()}
