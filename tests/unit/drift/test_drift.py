"""Each way in which a host can differ from the declaration gives its words: who can now reach what, or no longer."""

import json
from copy import deepcopy

import pytest
from proof.made import port, route

from .sites import EVERYWHERE, declaration, drift, texts


def rule(page, chain, *statements, comment="by hand"):
    """Add a rule at the head of a chain of our table."""
    page["ruleset"]["nftables"].append(
        {"rule": {"family": "inet", "table": "shoko", "chain": chain, "handle": 9999, "comment": comment,
                  "expr": [*statements]}}
    )  # fmt: skip
    # Rules stand in the order of the listing: the new one comes before the others of its chain.
    items = page["ruleset"]["nftables"]
    items.insert(next(at for at, one in enumerate(items) if one.get("rule", {}).get("chain") == chain), items.pop())


def match(left, right):
    return {"match": {"op": "==", "left": left, "right": right}}


def port_is(number):
    return match({"payload": {"protocol": "tcp", "field": "dport"}}, number)


def interface_is(way, name):
    return match({"meta": {"key": way}}, name)


ACCEPT, DROP = {"accept": None}, {"drop": None}


def opened_port(made):
    rule(made["db1"], "input", port_is(9999), ACCEPT)


def opened_gateway(made):
    rule(made["fw2"], "forward", interface_is("iifname", "biz-south"), interface_is("oifname", "data"), ACCEPT)


def opened_outwards(made):
    rule(made["app1"], "output", port_is(25), ACCEPT)


def shut_out(made):
    rule(made["rp1"], "input", port_is(443), DROP)


def flushed(made):
    made["mon1"]["ruleset"]["nftables"] = [one for one in made["mon1"]["ruleset"]["nftables"] if "metainfo" in one]


def foreign_table(made):
    made["bak1"]["ruleset"]["nftables"] += [
        {"table": {"family": "ip", "name": "docker", "handle": 40}},
        {"chain": {"family": "ip", "table": "docker", "name": "x", "handle": 1, "type": "filter", "hook": "input",
                   "prio": -300, "policy": "accept"}},
    ]  # fmt: skip


def foreign_translation(made):
    foreign_table(made)
    made["bak1"]["ruleset"]["nftables"][-1]["chain"].update(type="nat", hook="prerouting")
    made["bak1"]["ruleset"]["nftables"].append(
        {"rule": {"family": "ip", "table": "docker", "chain": "x", "handle": 2, "expr": [
            {"dnat": {"addr": "10.10.50.11", "port": 22}}]}}
    )  # fmt: skip


def forwarding(made):
    made["app1"]["sysctls"]["forwarding4"] = 1


def listener(address, program="python3", number=4444, protocol="tcp"):
    def add(made):
        made["db1"]["listeners"].append([protocol, address, number, "", [program]])

    return add


def impostor(made):
    made["db1"]["listeners"].append(["tcp", "10.10.50.11", 5432, "", ["nc"]])


def opened_and_listening(made):
    opened_port(made)
    listener(EVERYWHERE, number=9999)(made)


def retagged(made):
    port(made["sw1"], next(row[1] for row in made["sw1"]["switch"]["ports"]["data"] if row[1].startswith("tb-south")),
         tag=50)  # fmt: skip


def routed(made):
    route(made["db1"], "4", "10.10.30.0/24", gateway="10.10.50.1", dev="data")


def readdressed(made):
    next(one for one in made["mon1"]["addresses"] if one["ifname"] == "mgmt")["addr_info"].append(
        {"local": "10.10.80.10", "prefixlen": 24, "scope": "global"}
    )


def squid(old, new):
    def change(made):
        assert old in made["px1"]["proxy"], old
        made["px1"]["proxy"] = made["px1"]["proxy"].replace(old, new)

    return change


HELLO = "acl ndlsearch_hello ssl::server_name --client-requested "
SITE = "acl ndlsearch_name dstdomain -n "


def allowed_site(made):
    squid(SITE, f"{SITE}evil.example ")(made)
    squid(HELLO, f"{HELLO}evil.example ")(made)


CASES = {
    "a port opened on a host": (
        opened_port, ["db1: app1, app2, bak1, ctl1, data/servers, log1, log2, proxy and 2 more can now reach db1 by "
                      "tcp/9999", 'chain input handle 9999 "by hand": accept']),
    "a way opened on a gateway": (
        opened_gateway, ["fw2: ", "business/south can now reach data/servers", "any protocol"]),
    "a way out opened on a host": (opened_outwards, ["app1: ", "app1 can now reach anybody by tcp/25"]),
    "a service shut out": (shut_out, ["rp1: ", "can no longer reach rp1 by tcp/443", "flow citizen", "chain input"]),
    "a ruleset flushed": (
        flushed,
        ["mon1: ", "anybody can now reach mon1 by any protocol", "mon1 can now reach anybody by any protocol"]),
    "a foreign table": (
        foreign_table, ["bak1: ", "a table that is not declared", "takes part at input", "table ip docker"]),
    "a foreign translation": (foreign_translation, ["bak1: nobody can say who can reach what", "ip docker"]),
    "forwarding on a host": (
        forwarding, ["app1: ", "app1 forwards IPv4", "business/servers, webopac/servers", "past the gateways"]),
    "a listener": (
        listener(EVERYWHERE), ["db1: python3 listens at tcp/4444 on every address, and no flow needs it",
                              "the rules of db1 still let nobody in"]),
    "a listener behind an open port": (
        opened_and_listening, ["python3 listens at tcp/9999", "proxy and 2 more can now reach it"]),
    "another program at a declared port": (impostor, ["db1: nc listens at tcp/5432 on 10.10.50.11"]),
    "a declared program at another address": (
        listener("10.10.50.99", "postgres", 5432), ["db1: postgres listens at tcp/5432 on 10.10.50.99"]),
    "a port of the switch in another VLAN": (
        retagged, ["sw1: ", "tb-south", "VLAN 50", "reaches without a gateway", "db1"]),
    "a route": (routed, ["db1: a route that no flow names: 10.10.30.0/24", "can now be addressed", "app1"]),
    "an address": (readdressed, ["mon1: 10.10.80.10 on mgmt is not declared", "ctl1"]),
    "a site in the allowlist": (
        allowed_site,
        ["px1: app1, app2, business/central, business/south, information/central, information/south can now reach "
         "evil.example by tcp/443 through px1"]),
    "a site taken from the allowlist": (
        squid("www.reference.example", "gone.example"),
        ["information/central, information/south can no longer reach www.reference.example by tcp/443, tcp/80",
         "can now reach gone.example"]),
    "another source in the allowlist": (
        squid("acl from_research src 10.10.61.0/24", "acl from_research src 10.10.61.0/24 10.10.50.0/24"),
        ["data/servers can now reach ndlsearch.ndl.go.jp by tcp/443",
         "data/servers can now reach www.reference.example"]),
    "everything allowed": (
        squid("http_access deny all", "http_access allow all"),
        ["anybody can now reach any other site by tcp on any other port, tcp/80"]),
    "hellos no longer looked at": (squid(" ssl-bump ", " "), ["can now reach any other site by tcp on any other port"]),
    "names that lead inside": (
        squid("acl inside dst 0.0.0.0/8 10.0.0.0/8", "acl inside dst 0.0.0.0/8"),
        ["can now reach addresses of the site itself, under the name deb.debian.org"]),
    "the hello no longer compared": (
        squid("reference_hello same_name", ""), ["can now reach www.reference.example with another name in the hello"]),
    "a directive that nobody wrote": (
        squid("via off", "cache_peer 10.10.50.11 parent 80 0"),
        ["px1: nobody can say who can reach which site through px1; by /etc/squid/squid.conf: cache_peer"]),
}  # fmt: skip


def test_a_converged_site_shows_no_drift():
    found = drift(hosts=list(declaration().hosts))
    assert list(found) == [*declaration().hosts, "together"]
    assert {one.host: (one.changes, one.unread) for one in found.values()} == dict.fromkeys(found, ((), ()))


@pytest.mark.parametrize(("change", "words"), CASES.values(), ids=CASES)
def test_each_change_is_told_with_who_can_reach_what(change, words):
    found = texts(change)
    said = " | ".join(found)
    for word in words:
        assert word in said, f"{word!r} is not said:\n" + "\n".join(found)


def test_a_change_is_told_once_and_on_its_host_only():
    (line,) = texts(opened_port)
    assert line.startswith("db1: ")
    assert "(for example tcp " in line


def test_a_removed_element_takes_a_flow_away():
    def without_flow(made):
        page = made["rp1"]["ruleset"]["nftables"]
        page[:] = [one for one in page if one.get("rule", {}).get("comment") != "entry-to-ils"]

    said = " | ".join(texts(without_flow))
    assert "rp1 can no longer reach app1, app2 by tcp/8443 (flow entry-to-ils)" in said


def test_what_only_the_host_itself_reaches_is_no_listener():
    assert texts(listener("127.0.0.1")) == []
    assert texts(listener("::1")) == []


def test_a_port_for_answers_belongs_to_the_programs_of_the_list_alone():
    assert texts(lambda made: made["px2"]["listeners"].append(["udp", "*", 45000, "", ["squid"]])) == []
    assert len(texts(lambda made: made["px2"]["listeners"].append(["udp", "*", 45000, "", ["python3"]]))) == 1
    assert len(texts(lambda made: made["px2"]["listeners"].append(["tcp", "*", 45000, "", ["squid"]]))) == 1
    assert len(texts(lambda made: made["db1"]["listeners"].append(["udp", "*", 45000, "", ["squid"]]))) == 1


def test_a_host_that_cannot_be_read_is_named_and_is_no_change():
    def gone(made):
        made["bak1"] = "cannot be read: no answer within 15 s"

    found = drift(gone)
    assert found["bak1"].unread == ("cannot be read: no answer within 15 s",)
    assert not found["bak1"].changes


@pytest.mark.parametrize("part", ["ruleset", "listeners", "proxy", "routing", "addresses", "sysctls", "switch"])
def test_a_part_that_cannot_be_read_is_named_and_nothing_is_concluded_from_it(part):
    def without(made):
        for host in ("px1", "sw1"):
            made[host].pop(part)
            made[host]["errors"][part] = "no permission"

    found = drift(without)
    assert [(one.host, one.unread) for one in found.values() if one.unread] == [
        ("sw1", (f"{part}: no permission",)), ("px1", (f"{part}: no permission",))
    ]  # fmt: skip
    assert all(not one.changes for one in found.values())


def test_the_same_drift_is_recognised_after_a_reload():
    """Handles and the order of a listing are new after each load; what it means is the same."""

    def reloaded(made):
        opened_port(made)
        text = json.dumps(made["db1"]["ruleset"]).replace('"handle": 9999', '"handle": 12345')
        made["db1"]["ruleset"] = json.loads(text)

    first, second = (drift(change)["db1"].changes for change in (opened_port, reloaded))
    assert [one.ident for one in first] == [one.ident for one in second]
    (other,) = drift(lambda made: rule(made["db1"], "input", port_is(9998), ACCEPT))["db1"].changes
    assert other.ident != first[0].ident


def test_an_open_window_is_no_drift():
    """Elements that expire are what `shoko window` and declared windows leave; only what has no end is a difference."""
    opened = {
        "elem": {"val": {"concat": [0x80000000 + declaration().flows["vendor-maintenance"].number, "10.10.70.21",
                                    "10.10.71.11", 22]}, "timeout": 3600, "expires": 1200},
    }  # fmt: skip

    def window(made, element=opened):
        for host in ("fw1", "fw2", "bas1"):
            for item in made[host]["ruleset"]["nftables"]:
                if item.get("set", {}).get("name") == "open4":
                    item["set"]["elem"] = [deepcopy(element)]

    assert texts(window) == []
    without_end = texts(lambda made: window(made, opened["elem"]["val"]))
    assert {line.partition(":")[0] for line in without_end} >= {"fw1", "fw2", "bas1"}
    assert "vendor-engineer can now reach bas1 by tcp/22" in " | ".join(without_end)


def every(change):
    """What all hosts come to together."""
    return [one.text for one in drift(change, list(declaration().hosts))["together"].changes]


def test_what_one_host_alone_opens_does_not_get_through_from_end_to_end():
    assert every(opened_port) == []


def test_what_gets_through_from_end_to_end_is_told_with_its_way():
    def opened(made):
        opened_port(made)
        for gateway in ("fw1", "fw2"):
            rule(made[gateway], "forward", interface_is("iifname", "business"), interface_is("oifname", "data"), ACCEPT)
        rule(made["app1"], "output", port_is(9999), ACCEPT)

    said = " | ".join(every(opened))
    assert "from end to end app1/business can now reach db1/data through fw1 by tcp/9999" in said
