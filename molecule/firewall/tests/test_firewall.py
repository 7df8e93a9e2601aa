"""Rulesets and networks of throw-away hosts, looked at from inside."""

import json

import pytest
from members import member

HOSTS = ["ctl1", "db1", "rp1", "fw1"]


@pytest.fixture(params=HOSTS)
def host(request):
    return member(request.param)


def chains(host):
    rows = json.loads(host.check_output("nft -j list table inet shoko"))["nftables"]
    return {row["chain"]["name"]: row["chain"] for row in rows if "chain" in row}


def test_what_is_not_permitted_is_dropped(host):
    found = chains(host)
    assert {name: found[name]["policy"] for name in ("input", "output", "forward")} == {
        "input": "drop",
        "output": "drop",
        "forward": "drop",
    }


def test_every_rule_that_accepts_says_for_which_flow(host):
    rows = json.loads(host.check_output("nft -j list table inet shoko"))["nftables"]
    silent = [
        row["rule"]
        for row in rows
        if "rule" in row and any("counter" in part for part in row["rule"]["expr"]) and "comment" not in row["rule"]
    ]
    assert silent == []


def test_stopping_the_unit_does_not_open_the_host(host):
    before = host.check_output("nft --stateless list table inet shoko")
    host.check_output("systemctl stop nftables")
    try:
        assert host.check_output("nft --stateless list table inet shoko") == before
    finally:
        host.check_output("systemctl start nftables multi-user.target")  # and what fell with it: the tunnel


def test_only_a_gateway_forwards(host):
    wanted = "1" if host.check_output("hostname") == "fw1" else "0"
    for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        assert host.check_output(f"sysctl -n {key}") == wanted


def test_an_inner_host_has_no_way_out():
    routes = json.loads(member("db1").check_output("ip -json route show"))
    assert "default" not in {route["dst"] for route in routes}
    assert member("db1").run("ip route get 192.0.2.2 from 10.10.50.11").rc != 0


def test_a_host_takes_nothing_from_the_wire_that_it_did_not_ask_for(host):
    legs = [link["ifname"] for link in json.loads(host.check_output("ip -json link show")) if link["ifname"] != "lo"]
    assert legs
    assert host.check_output("sysctl -n net.ipv6.conf.all.accept_ra") == "0"
    assert host.check_output("sysctl -n net.ipv4.conf.all.rp_filter") == "1"


def test_the_checker_of_networks_sees_a_mistake():
    db1 = member("db1")
    db1.check_output("sh -c 'printf \"[Match]\\nName=x\\n[Network]\\nAdress=1\\n\" >/etc/systemd/network/99-x.network'")
    try:
        done = db1.run("/usr/local/libexec/shoko/check-networkd")
        assert done.rc == 1
        assert "99-x.network:4" in done.stderr
    finally:
        db1.check_output("rm /etc/systemd/network/99-x.network")
    assert db1.run("/usr/local/libexec/shoko/check-networkd").rc == 0


def test_the_switch_has_each_leg_in_its_segment():
    ports = json.loads(member("sw1").check_output("ovs-vsctl --format=json --columns=name,tag,vlan_mode list Port"))
    found = {name: (tag, mode) for name, tag, mode in ports["data"]}
    assert found["db1.data"] == (50, "access")
    assert found["rp1.dmz"] == (20, "access")
    assert found["mgmt"][0] == 80
