"""What a host runs besides its ruleset: each slip is found, and told with its meaning."""

from copy import deepcopy

import pytest

from shoko.observe.visit import observation
from shoko.proof.composed.seen import judged
from shoko.proof.expected.permissions import permissions
from shoko.proof.interfaces import Interfaces
from shoko.proof.prove import HostProof

from .made import dropped, link, port, route, row

EMPTY = ["set", []]


@pytest.fixture(scope="module")
def lab(observed_lab):
    declaration, made = observed_lab
    return declaration, permissions(declaration), made


def told(lab, host, change):
    """What is wrong with a host and why it is unproved, after its page was changed."""
    declaration, every, made = lab
    page = deepcopy(made[host])
    change(page)
    proof = judged(declaration, every, HostProof(host, (), (), Interfaces(())), observation(page)).proof
    return [one.detail for one in proof.findings], list(proof.unproved)


def test_a_converged_host_shows_nothing(lab):
    assert {host: told(lab, host, lambda page: None) for host in lab[0].hosts} == dict.fromkeys(lab[0].hosts, ([], []))


def marked(page):
    page["routing"]["4"]["rules"].append({"priority": 5, "src": "all", "fwmark": "0x1", "table": "7"})


def unread(page):
    del page["routing"]
    page["errors"]["routing"] = "ip is missing"


def shapeless(page):
    page["routing"]["4"]["routes"].append({"dst": 5})


PAST = {
    "legacy table": ("db1", lambda page: page["legacy"].append("ip_tables_names:nat"), "ip_tables_names:nat"),
    "balancer": ("fw1", lambda page: page["legacy"].append("ip_vs"), "ip_vs"),
    "balancer module": ("fw1", lambda page: page["modules"].append("ip_vs_rr"), "module ip_vs_rr"),
    "helper module": ("fw2", lambda page: page["modules"].append("nf_conntrack_ftp"), "module nf_conntrack_ftp"),
    "helpers on": ("fw1", lambda page: page["sysctls"].update(helper=1), "nf_conntrack_helper is on"),
    "classifier": ("px1", lambda page: page["classifiers"].append("info"), "info: tc handles its packets"),
    "proxy ARP": ("app1", lambda page: page["proxying"].append("proxy_arp of business"), "not its own"),
    "XDP": ("rp1", lambda page: page["addresses"][1].update(xdp={"mode": 2}), "link dmz: XDP"),
    "bridge": ("app1", lambda page: link(page, "docker0", "172.17.0.1/16", kind="bridge"), "docker0 (bridge) is up"),
    "macvlan": ("db2", lambda page: link(page, "mv0", kind="macvlan"), "mv0 (macvlan) is up"),
    "tunnel": ("bas1", lambda page: link(page, "tun0", kind="tun"), "tun0 (tun) is up"),
    "enslaved leg": ("db2", lambda page: page["addresses"][1].update(master="br9"), "belongs to br9"),
    "leg of another kind": (
        "db2",
        lambda page: page["addresses"][1].update(linkinfo={"info_kind": "bridge"}),
        "link data is of kind bridge",
    ),
    "part of a bridge": ("db2", lambda page: link(page, "eth5", master="br9"), "eth5 belongs to br9, and the"),
    "unknown card": ("bak1", lambda page: link(page, "eth7", "192.168.7.2/24"), "eth7 has addresses"),
    "unread part": ("mon1", unread, "routing could not be read: ip is missing"),
    "switch where none is": ("mon1", lambda page: page.update(switch={"bridges": {"data": [["x"]]}}), "Open vSwitch"),
    "no switch": ("sw1", lambda page: page.update(switch=None), "Open vSwitch is not installed"),
    "odd rule": ("app1", marked, "fwmark has no meaning here"),
    "odd route": ("app1", lambda page: route(page, "6", "2001:db8:9::/64", dev="business", encap="mpls"), "encap"),
    "odd shape": ("app1", shapeless, "of an unknown shape"),
    "odd VLAN mode": ("sw1", lambda page: port(page, "db1.data", vlan_mode="dot1q-tunnel"), "dot1q-tunnel"),
}


@pytest.mark.parametrize("slip", PAST)
def test_what_goes_past_the_rules_leaves_a_host_unproved(lab, slip):
    host, change, words = PAST[slip]
    _findings, unproved = told(lab, host, change)
    assert any(words in reason for reason in unproved), unproved


def test_what_is_there_but_does_nothing_is_no_reason(lab):
    def idle(page):
        link(page, "sit0", kind="sit", flags=())
        link(page, "eth9", flags=("UP",))
        # The leg may be a bond, or a tagged one upon a bond.
        page["addresses"][1]["linkinfo"] = {"info_kind": "bond"}
        link(page, "eth0", master="data")
        page["modules"].append("nf_conntrack_netlink")
        page["errors"]["listeners"] = "ss is missing"

    assert told(lab, "db1", idle) == ([], [])


def has(address, at=1, scope="global"):
    """One more address of a host, on its first leg unless said."""
    one = {"local": address, "prefixlen": 24, "scope": scope}
    return lambda page: page["addresses"][at]["addr_info"].append(one)


def redirected(page):
    for one in page["routing"]["4"]["routes"]:
        if one["dst"] == "10.10.41.0/24":
            one.update(dev="webopac", gateway="10.10.30.1")


def by_rule(page):
    """What an address of its own sends goes by a table of its own."""
    route(page, "4", "10.10.0.0/16", dev="data", gateway="10.10.50.1", table="77")
    page["routing"]["4"]["rules"].append({"priority": 50, "src": "10.10.50.11", "table": "77"})


def refused(page):
    dropped(page, "4", "10.10.40.11")
    route(page, "4", "10.10.40.11", type="blackhole", table="101")


NETWORK = {
    "address": ("db1", has("10.10.50.77"), "10.10.50.77 on data is not declared"),
    "address of another": ("ti-south", has("10.10.80.10"), "the host can now be taken for ctl1"),
    "hidden address": ("db1", has("10.10.50.12", 0, "host"), "10.10.50.12 on lo is not declared for it"),
    "the gateways' address": ("db1", has("10.10.50.1"), "10.10.50.1 on data is not declared"),
    "address of another family": ("db1", has("2001:db8:9::9"), "2001:db8:9::9 on data is not declared"),
    "missing address": (
        "db1",
        lambda page: page["addresses"][1]["addr_info"].clear(),
        "10.10.50.11 on data is declared and missing; cut off is db1",
    ),
    "second router": (
        "db1",
        lambda page: route(page, "4", "default", gateway="10.10.50.99", dev="data", metric=500),
        "by data by way of 10.10.50.99; can now be addressed: ",
    ),
    "way out": (
        "db1",
        lambda page: route(page, "4", "default", gateway="10.10.50.1", dev="data"),
        "a route that no flow names: 0.0.0.0/5, 8.0.0.0/7, 10.0.0.0/13, 10.8.0.0/15 and",
    ),
    "way of one source": ("db1", by_rule, "by data by way of 10.10.50.1; can now be addressed: "),
    "other leg": (
        "app1",
        redirected,
        "10.10.41.0/24 (tb-central, business.central) is sent out by webopac by way of 10.10.30.1, "
        "and has to be reached by business by way of 10.10.40.1; breaks counter",
    ),
    "no default": ("px1", lambda page: dropped(page, "4", "default"), "breaks proxy-out"),
    "missing": ("db2", lambda page: dropped(page, "6", "fd5e:c0:0:40::11"), "; breaks ils-to-data"),
    "gateway": (
        "fw2",
        lambda page: dropped(page, "4", "10.10.50.0/24"),
        "10.10.50.11, 10.10.50.12/31 (db1, db2, db3) is sent out by line by way of 203.0.113.14, "
        "and has to be reached by data; breaks ils-to-data",
    ),
    "gateway astray": (
        "fw1",
        lambda page: route(page, "4", "10.10.50.11", dev="dmz"),
        "10.10.50.11 (db1) is sent out by dmz, and has to be reached by data; breaks ils-to-data",
    ),
    "blackhole": (
        "log1",
        refused,
        "10.10.40.11 (app1) is refused by a route, and has to be reached by mgmt by way of 10.10.80.1; breaks logs",
    ),
}


@pytest.mark.parametrize("slip", NETWORK)
def test_a_slip_of_addresses_or_routes_is_told_with_whom_it_concerns(lab, slip):
    host, change, words = NETWORK[slip]
    findings, unproved = told(lab, host, change)
    assert unproved == []
    assert any(words in detail for detail in findings), findings


def bridge(column, value):
    return lambda page: page["switch"]["bridges"]["data"][0].__setitem__(column, value)


def unplugged(page):
    page["switch"]["ports"]["data"] = [one for one in page["switch"]["ports"]["data"] if one[1] != "px1.info"]


def own_port_up(page):
    next(one for one in page["addresses"] if one["ifname"] == "br0").update(flags=["UP"])


SWITCH = {
    "retagged": (
        lambda page: port(page, "db1.data", tag=41),
        "port db1.data carries VLAN 41, and 50 (data.servers) is declared: db1's leg data stands in business.central, "
        "and reaches without a gateway fw1, fw2, tb-central and in data.servers no more",
    ),
    "trunk": (
        lambda page: port(page, "rp1.dmz", tag=EMPTY, vlan_mode=EMPTY),
        "port rp1.dmz is a trunk: rp1's leg dmz stands in every segment",
    ),
    "trunk of two": (
        lambda page: port(page, "rp1.dmz", trunks=["set", [20, 50]], vlan_mode="native-untagged"),
        "stands in dmz.servers and data.servers",
    ),
    "extra port": (
        lambda page: page["switch"]["ports"]["data"].append(row("x", 50)),
        "port x is not declared: whoever is plugged in there stands in data.servers, "
        "and reaches without a gateway fw1, fw2, db1, db2, db3",
    ),
    "missing port": (unplugged, "port px1.info is missing: px1's leg info is cut off from information.servers"),
    "mirror": (bridge(3, ["uuid", "m"]), "copies frames to somebody"),
    "controller": (bridge(2, ["uuid", "c"]), "obeys a controller"),
    "OpenFlow rule": (
        lambda page: page["switch"]["flows"]["br0"].append("priority=9,in_port=1 actions=output:2"),
        "has the OpenFlow rule “priority=9,in_port=1 actions=output:2”",
    ),
    "no rule": (lambda page: page["switch"]["flows"]["br0"].clear(), "has no OpenFlow rule NORMAL"),
    "second bridge": (
        lambda page: page["switch"]["bridges"]["data"].append(["br1", EMPTY, EMPTY, EMPTY]),
        "2 bridges run, and one is declared: br0, br1",
    ),
    "bond": (
        lambda page: port(page, "db1.data", interfaces=["set", [["uuid", "a"], ["uuid", "b"]]]),
        "port db1.data bonds 2 interfaces",
    ),
    "own port": (own_port_up, "the bridge's own port br0 is up: the switch itself stands in every segment"),
}


@pytest.mark.parametrize("slip", SWITCH)
def test_a_slip_on_the_switch_is_told_with_who_reaches_whom(lab, slip):
    change, words = SWITCH[slip]
    findings, unproved = told(lab, "sw1", change)
    assert unproved == []
    assert any(words in detail for detail in findings), findings
