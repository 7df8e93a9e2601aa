"""Each host's slice: its own half of the flows and nothing of others' business."""

import ipaddress
import json
from pathlib import Path

import pytest

from shoko.declaration import load
from shoko.policy import PolicyError, digest, slices

from .sites import declare, flow, leg, small

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def lab():
    return slices(load(REPOSITORY / "inventories" / "lab"))


@pytest.fixture(scope="module")
def site():
    return slices(declare(small()))


def routes(content, interface):
    (found,) = [one["routes"] for one in content["legs"] if one["interface"] == interface]
    return {route["to"]: route["via"] for route in found}


def test_a_slice_is_plain_stable_and_names_its_digest(lab):
    again = slices(load(REPOSITORY / "inventories" / "lab"))
    for name, content in lab.items():
        assert json.loads(json.dumps(content)) == content
        assert json.dumps(content) == json.dumps(again[name])
        assert content["digest"] == digest(content)


def test_any_change_of_a_slice_changes_its_digest(site):
    content = json.loads(json.dumps(site["app1"]))
    content["firewall"]["input"][0]["ports"].append(1)
    assert digest(content) != content["digest"]


def test_a_host_knows_nothing_of_what_its_flows_do_not_name(site):
    assert "10.10.50." not in json.dumps(site["rp1"])
    assert "10.10.60." not in json.dumps(site["db1"])
    assert "forward" in site["fw1"]["firewall"]
    assert site["rp1"]["firewall"]["forward"] == {"pairs": []}
    for key in ("database", "ils", "proxy", "switch", "vpn"):
        assert key not in site["rp1"]


def test_routes_lead_only_to_what_the_flows_of_the_leg_name(site):
    assert routes(site["app1"], "webopac") == {
        "198.51.100.21/32": "10.10.30.1", "2001:db8:0:20::21/128": "fd5e:c0:0:30::1"}  # fmt: skip
    business = routes(site["app1"], "business")
    assert {to for to in business if ":" not in to} == {
        "10.10.41.0/24", "10.10.50.11/32", "10.10.50.12/32", "10.10.80.10/32", "10.10.80.21/32"}  # fmt: skip
    assert set(business.values()) == {"10.10.40.1", "fd5e:c0:0:40::1"}


def test_only_the_internets_own_and_peoples_devices_have_a_default_route(lab):
    """Business terminals are kept apart from the internet: there the missing route is a layer (N-04)."""
    having = {name for name, content in lab.items() if '"0.0.0.0/0"' in json.dumps(content["legs"])}
    assert having == {"fw1", "fw2", "rp1", "rp2", "px1", "px2", "ti-central", "ti-south", "to-central"}
    assert '"::/0"' not in json.dumps(lab["px1"]["legs"]), "the proxies' way out is declared for IPv4 alone"


def test_where_people_sit_the_policy_decides_about_a_default_route():
    tree = small()
    assert routes(slices(declare(tree))["tb1"], "floor") == {"0.0.0.0/0": "10.10.41.1", "::/0": "fd5e:c0:0:41::1"}
    tree["policies"]["apart"] = [{"zones": ["internet", "business"], "control": "N-04"}]
    kept_apart = slices(declare(tree))["tb1"]
    assert "0.0.0.0/0" not in routes(kept_apart, "floor")
    assert kept_apart["firewall"]["outward"] == []


def test_what_a_host_stops_on_its_way_out_names_the_pair_of_zones(lab):
    assert lab["ti-central"]["firewall"]["outward"] == [
        {"interface": "info", "family": family, "from": "information", "to": "internet"} for family in ("ipv4", "ipv6")
    ]  # fmt: skip
    assert [way["family"] for way in lab["px1"]["firewall"]["outward"]] == ["ipv4"]
    assert lab["fw1"]["firewall"]["outward"] == [], "a gateway's pairs are its interfaces"


def test_the_proxy_knows_the_zone_of_everybody_who_may_ask(lab):
    pairs = {pair["from"]: pair for pair in lab["px1"]["proxy"]["pairs"]}
    assert "10.10.61.0/24" in pairs["information"]["sources"]
    assert "10.10.42.0/24" in pairs["business"]["sources"]
    assert {pair["to"] for pair in pairs.values()} == {"internet"}


def test_gateways_have_a_leg_everywhere_and_the_provider_as_their_router(lab):
    legs = lab["fw1"]["legs"]
    assert [one["interface"] for one in legs][-1] == "sync"
    assert routes(lab["fw1"], "line") == {"0.0.0.0/0": "203.0.113.14", "::/0": "2001:db8:0:10::e"}
    assert all(not one["routes"] for one in legs if one["interface"] != "line")
    assert all(one["ipv4"]["gateway"] is None for one in legs if one["interface"] != "line")
    assert len({one["table"] for one in legs}) == len(legs)


def test_day_zero_neighbour_is_the_first_gateways_own_address(site):
    (own,) = site["db1"]["legs"]
    assert own["ipv4"]["gateway"] == "10.10.50.1"
    assert own["ipv4"]["gateway_real"] == "10.10.50.2"
    assert own["ipv6"]["gateway_real"] == "fd5e:c0:0:50::2"


def test_shared_addresses_move_by_one_instance_per_segment_and_id(lab):
    by_segment = {}
    for content in lab.values():
        interfaces = {one["interface"]: one["segment"] for one in content["legs"]}
        for one in content["vrrp"]:
            key = (interfaces[one["interface"]], one["router_id"])
            by_segment.setdefault(key, []).append((content["host"], one["priority"], one["name"]))
    for found in by_segment.values():
        assert len({name for _host, _priority, name in found}) == 1, "two addresses share an id in a segment"
        assert len({priority for _host, priority, _name in found}) == len(found) == 2
    assert {one["sync_group"] for one in lab["fw1"]["vrrp"]} == {"gateways"}
    assert [one["interface"] for one in lab["fw1"]["vrrp"] if not one["track"]] == ["line"]
    assert lab["fw1"]["vrrp"][0]["priority"] > lab["fw2"]["vrrp"][0]["priority"]
    (proxy,) = lab["px2"]["vrrp"]
    assert (proxy["addresses"], proxy["excluded"]) == (["10.10.60.10"], ["fd5e:c0:0:60::10"])
    assert (proxy["local"], proxy["peers"]) == ("10.10.60.12", ["10.10.60.11"])


def test_a_holder_without_a_leg_in_the_segment_is_refused():
    tree = small()
    tree["hosts"]["db1"]["groups"].append("reverse_proxies")
    tree["flows"] = {"citizen": tree["flows"]["citizen"], "out": tree["flows"]["out"]}
    with pytest.raises(PolicyError, match=r"vips\.opac: db1 has 0 legs in dmz\.servers"):
        slices(declare(tree))


def test_members_answer_the_shared_address_and_not_their_own(lab):
    rules = [rule for rule in lab["rp1"]["firewall"]["input"] if rule["flow"] == "citizen"]
    destinations = {address for rule in rules for address in rule["destinations"]}
    assert destinations == {"198.51.100.20", "2001:db8:0:20::20"}
    (bound,) = lab["rp1"]["firewall"]["legs_bind"]
    assert set(bound["addresses"]) == {"198.51.100.21", "2001:db8:0:20::21", *destinations}


def test_what_may_not_come_in_by_the_line_is_all_that_is_ours_or_special(lab):
    (line,) = [one for one in lab["fw1"]["firewall"]["own"] if one["complement"]]
    assert line["interface"] == "line"
    forbidden = [ipaddress.ip_network(one) for one in line["prefixes"]]

    def refused(address):
        one = ipaddress.ip_address(address)
        return any(one in network for network in forbidden if network.version == one.version)

    for address in ("10.10.40.11", "198.51.100.20", "127.0.0.1", "192.168.1.1", "fd5e:c0:0:40::11", "2001:db8:0:20::1"):
        assert refused(address), address
    for address in ("192.0.2.2", "203.0.113.14", "203.0.113.66", "8.8.8.8", "2001:db8:ffff::2", "2001:db8:0:10::e"):
        assert not refused(address), address


def test_the_one_translation(lab):
    assert lab["fw1"]["firewall"]["nat"] == [
        {"family": "ipv4", "source": ["10.10.60.11", "10.10.60.12"], "out": "line", "to": "203.0.113.1"}]  # fmt: skip
    assert lab["px1"]["firewall"]["nat"] == []


def test_names_are_of_those_with_a_flow_in_either_direction(site):
    names = {name for line in site["db1"]["names"] for name in line["names"]}
    assert {"db1", "db2", "app1", "ctl1", "log1", "tb1"} <= names
    assert not {"rp1", "px1"} & names
    opac = [line["names"] for line in site["rp1"]["names"] if line["address"] == "198.51.100.20"]
    assert opac == [["opac.small.internal", "opac.small.example"]]


def test_updates_time_and_names_come_from_the_proxies(lab):
    assert lab["db1"]["updates"]["proxy"] == "http://10.10.60.10:3128"
    assert lab["px1"]["updates"]["proxy"] is None
    assert lab["db1"]["time"]["servers"][:2] == ["10.10.60.11", "10.10.60.12"]
    assert lab["px1"]["time"]["serve"]
    assert lab["px1"]["time"]["upstream"] == ["192.0.2.2"]
    assert lab["db1"]["resolver"]["servers"] == []
    assert lab["tb-south"]["resolver"]["servers"] == [
        "10.10.60.11",
        "10.10.60.12",
        "fd5e:c0:0:60::11",
        "fd5e:c0:0:60::12",
    ]
    assert lab["px1"]["resolver"]["servers"] == ["192.0.2.2"]


def test_logs_go_to_every_collector_but_oneself(lab):
    assert [one["name"] for one in lab["rp1"]["logs"]["collectors"]] == ["log1", "log2"]
    assert [one["name"] for one in lab["log1"]["logs"]["collectors"]] == ["log2"]
    assert "log1" not in lab["log1"]["logs"]["senders"]
    assert len(lab["log1"]["logs"]["senders"]) == len(lab) - 1


def test_the_allowlist_follows_the_via_flows_alone(lab):
    acls = {acl["flow"]: acl for acl in lab["px1"]["proxy"]["acls"]}
    assert set(acls) == {"bibliography", "cataloguing", "research", "updates"}
    assert acls["bibliography"]["sources"][:2] == ["10.10.41.0/24", "10.10.42.0/24"]
    assert [one["domains"] for one in acls["bibliography"]["sites"]] == [["ndlsearch.ndl.go.jp"]]


def test_the_staff_service_learns_proxy_and_site_from_its_own_flow(lab):
    wanted = {"proxy": "http://10.10.60.10:3128", "site": "ndlsearch.ndl.go.jp"}
    assert {host: lab[host]["ils"]["copy_cataloguing"] for host in ("app1", "app2")} == dict.fromkeys(
        ("app1", "app2"), wanted
    )
    acls = {acl["flow"]: acl for acl in lab["px1"]["proxy"]["acls"]}
    assert {"10.10.40.11", "10.10.40.12"} == {one for one in acls["cataloguing"]["sources"] if ":" not in one}
    assert [one["name"] for one in acls["cataloguing"]["sites"]] == ["ndlsearch"]


def test_without_such_a_flow_the_function_is_off(site):
    assert site["app1"]["ils"]["copy_cataloguing"] is None


def test_the_mail_relay_is_the_one_that_a_flow_leads_to(site):
    assert site["app1"]["ils"]["mail_relay"] is None
    tree = small()
    tree["services"]["smtp"] = {"tcp": [25]}
    tree["flows"]["mail"] = flow({"group": "ils_servers", "leg": "business"}, {"host": "log1"}, "smtp")
    tree["numbers"]["mail"] = 99
    found = slices(declare(tree))["app1"]
    assert found["ils"]["mail_relay"] == {"host": "log1.small.internal", "port": 25}
    assert "log1.small.internal" in {name for line in found["names"] for name in line["names"]}, "it can be resolved"


def test_a_terminal_learns_the_names_of_what_it_may_reach(lab):
    views = {view["name"]: {one["name"] for one in view["records"]} for view in lab["px1"]["proxy"]["dns_views"]}
    assert "staff.library.example" in views["business.south"]
    assert "staff.library.example" not in views["information.south"]
    assert "opac.library.example" in views["information.south"]
    assert "opac.library.example" not in views["business.south"]


def test_a_tunnel_has_one_peer_per_person_and_none_where_access_is_on_site(lab, site):
    (peer,) = lab["fw1"]["vpn"]["peers"]
    assert peer["allowed"] == ["10.10.70.21", "fd5e:c0:0:70::21"]
    assert peer["flows"] == ["vendor-maintenance"]
    assert lab["fw1"]["vpn"]["endpoint"] == "203.0.113.1"
    assert "vpn" not in site["fw1"]
    assert [one["person"] for one in lab["bas1"]["people"]] == ["vendor-engineer"]


def test_certificates_are_signed_by_purpose(lab):
    purposes = {name: {one["name"]: one["purpose"] for one in content["certificates"]} for name, content in lab.items()}
    assert purposes["tb-south"] == {"host": "logs"}
    assert purposes["rp1"] == {"host": "logs", "entry-client": "entry", "opac": "entry"}
    roles = {"ils-owner": "data", "ils-public": "data", "ils-staff": "data"}
    assert purposes["app1"] == {"host": "logs", "ils": "ils", "staff": "ils", **roles}
    assert purposes["db1"] == {"host": "logs", "data": "data"}


def test_the_switch_has_a_port_for_every_leg_and_every_line(lab):
    ports = {port["name"]: port["vlan"] for port in lab["sw1"]["switch"]["ports"]}
    assert ports["provider.line"] == ports["fw1.line"] == 10
    assert ports["app1.webopac"] == 30
    assert len(ports) == len(lab["sw1"]["switch"]["ports"])
    assert not any(port["host"] == "sw1" for port in lab["sw1"]["switch"]["ports"])


def test_one_host_per_zone_is_tried_through_a_gateway_after_a_change(lab):
    assert lab["fw1"]["firewall"]["probe"]["through"] == ["rp1", "app1", "to-central", "db1", "px1", "bas1"]


def test_a_host_with_several_groups_reaches_itself_without_a_flow():
    tree = small()
    tree["hosts"]["app1"]["groups"].append("databases")
    tree["hosts"]["app1"]["legs"] = {"business": leg("business.servers", 40, 11, manage=True)}
    tree["flows"] = {
        "data": flow({"group": "ils_servers"}, {"group": "databases"}, "postgresql"),
        "out": tree["flows"]["out"],
    }
    content = slices(declare(tree))["app1"]
    assert [one["host"] for one in content["ils"]["databases"]] == ["app1", "db1", "db2"]
    assert [one["name"] for one in content["database"]["members"]] == ["app1", "db1", "db2"]


def test_an_ils_server_that_is_a_database_too_may_log_in_to_every_member():
    tree = small()
    tree["hosts"]["app1"]["groups"].append("databases")
    tree["hosts"]["app1"]["legs"] = {"business": leg("business.servers", 40, 11, manage=True)}
    tree["flows"] = {
        "data": flow({"group": "ils_servers"}, {"group": "databases"}, "postgresql"),
        "cluster": flow({"group": "databases"}, {"group": "databases"}, "postgresql"),
        "out": tree["flows"]["out"],
    }
    content = slices(declare(tree))
    own = {"host": "app1", "address": "10.10.40.11", "addresses": ["10.10.40.11", "fd5e:c0:0:40::11"]}
    for name in ("app1", "db1", "db2"):
        assert content[name]["database"]["clients"] == [own], name


def kept_at(host, *flows):
    """The small site with a store beside its databases, and flows for its backup."""
    tree = small()
    tree["hosts"][host]["groups"].append("backups")
    tree["services"]["backup"] = {"tcp": [8432]}
    ways = {
        "log": flow({"group": "databases"}, {"group": "backups"}, "backup", families=["ipv4"]),
        "rest": flow({"group": "backups"}, {"group": "databases"}, "backup", families=["ipv4"]),
    }
    tree["flows"].update({name: ways[name] for name in flows})
    tree["numbers"].update({name: 100 + number for number, name in enumerate(flows)})
    return slices(declare(tree))


def test_both_ends_of_the_backup_know_each_other_and_nobody_else_does():
    content = kept_at("px1", "log", "rest")
    store, member = content["px1"]["backup"], content["db1"]["backup"]
    assert [one["host"] for one in store["members"]] == ["db1", "db2"]
    assert store["clients"] == ["db1.small.internal", "db2.small.internal"]
    assert "stores" not in store
    assert [one["host"] for one in member["stores"]] == ["px1"]
    assert (member["clients"], member["address"], member["port"]) == (["px1.small.internal"], "10.10.50.11", 8432)
    assert [name for name, one in content.items() if "backup" in one] == ["db1", "db2", "px1"]
    assert "data" in [one["name"] for one in content["px1"]["certificates"]]


def test_a_store_without_flows_keeps_no_backup():
    content = kept_at("px1")
    assert not [name for name, one in content.items() if "backup" in one]
    assert "data" not in [one["name"] for one in content["px1"]["certificates"]]


def test_a_window_between_two_instants_carries_them():
    tree = small()
    tree["flows"]["visit"]["window"] = {"from": "2026-12-07T18:00+09:00", "to": "2026-12-07T20:00+09:00"}
    (window,) = slices(declare(tree))["fw1"]["firewall"]["windows"]
    assert window["until"] - window["from"] == 7200
    assert not window["by_command"]


def test_shared_address_with_a_single_holder_is_fixed_on_its_leg(lab):
    museum = slices(load(REPOSITORY / "inventories" / "museum"))
    legs = {leg["interface"]: leg for leg in museum["srv1"]["legs"]}
    assert legs["dmz"]["ipv4"]["held"] == ["198.51.100.20"]
    assert legs["info"]["ipv4"]["held"] == ["10.20.60.10"]
    assert museum["srv1"]["vrrp"] == []
    assert [leg for host in lab.values() for leg in host["legs"] if "held" in (leg["ipv4"] or {})] == []


def test_a_terminal_knows_the_devices_that_it_accepts_and_no_server_knows_any(lab):
    central, south, opac = (lab[name]["usb"] for name in ("tb-central", "tb-south", "to-central"))
    assert [device["name"] for device in central["devices"] if device["media"] == "rw"] == ["transfer-out"]
    assert {device["name"] for device in central["devices"]} - {device["name"] for device in south["devices"]} == {
        "barcode-scanner", "transfer-out"}  # fmt: skip
    assert (opac["media"], opac["spare_keyboard"]) == ("never", True)
    assert [device["name"] for device in opac["devices"]] == ["keyboard"], "a spare stands in for this one only"
    assert [name for name, content in lab.items() if "usb" in content] == [
        "tb-central", "tb-south", "ti-central", "ti-south", "to-central"]  # fmt: skip
