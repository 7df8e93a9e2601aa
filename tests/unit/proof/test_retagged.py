"""Every port of the switch in another VLAN, in nobody's, or in all of them, is found by the analysis of what it runs.

By frames this is shown in the lab, where the site's own switch runs (`shoko prove --dynamic`): the machine's kernel
need not have a bridge.
"""

from copy import deepcopy

from shoko.observe.visit import observation
from shoko.proof.composed.seen import judged
from shoko.proof.expected.permissions import permissions
from shoko.proof.expected.ports import ports
from shoko.proof.interfaces import Interfaces
from shoko.proof.prove import HostProof

from .made import port

SWITCH, UNUSED, EMPTY = "sw1", 999, ["set", []]


def test_every_port_in_another_vlan_is_found(observed_lab):
    declaration, pages = observed_lab
    every, wanted = permissions(declaration), ports(declaration, SWITCH)
    vlans = {one.vlan: one.segment for one in wanted.values()}

    def findings(page):
        proof = judged(declaration, every, HostProof(SWITCH, (), (), Interfaces(())), observation(page)).proof
        assert not proof.unproved
        return [one.detail for one in proof.findings]

    assert findings(pages[SWITCH]) == []
    for number, (name, declared) in enumerate(wanted.items()):
        others = [vlan for vlan in sorted(vlans) if vlan != declared.vlan]
        other = others[number % len(others)]
        for columns, words in (
            ({"tag": other}, f"stands in {vlans[other]}"),
            ({"tag": UNUSED}, f"carries VLAN {UNUSED}"),
            ({"tag": EMPTY, "vlan_mode": EMPTY}, "in every segment"),
        ):
            page = deepcopy(pages[SWITCH])
            port(page, name, **columns)
            found = findings(page)
            assert len(found) == 1, f"{name} {columns}: {found}"
            assert f"port {name} " in found[0], found
            assert words in found[0], found
