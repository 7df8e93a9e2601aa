"""Two lists of what a ruleset permits: the packets that differ, whatever the words and the order."""

import pytest

from ansible_collections.shoko.core.plugins.module_utils.firewall_permits import difference

V4 = ["ipv4", "tcp", 443, "10.0.0.1", "10.0.1.1"]
V6 = ["ipv6", "tcp", 443, "fd00::1", "fd00:1::1"]


def entry(*ways, **more):
    return {
        "chain": "forward", "flow": "citizen", "from": "internet", "to": "dmz/opac", "service": "https", "users": [],
        "windowed": False, "ways": list(ways), **more,
    }  # fmt: skip


def test_on_a_host_without_a_record_everything_is_new():
    assert difference([], [entry(V4, V6)]) == ([entry(V4, V6)], [])


def test_what_is_taken_away_is_denied():
    assert difference([entry(V4, V6)], []) == ([], [entry(V4, V6)])
    assert difference([entry(V4, V6)], [entry(V6)]) == ([], [entry(V4)])


def test_only_the_way_that_differs_is_told():
    assert difference([entry(V4)], [entry(V4, V6)]) == ([entry(V6)], [])


def test_order_flow_and_names_are_no_difference():
    other = {**entry(V6, V4), "flow": "renamed", "from": "world", "service": "web"}
    second = entry(V4, chain="output")
    assert difference([entry(V4, V6), second], [second, other]) == ([], [])


def test_two_flows_for_one_packet_deny_nothing_when_one_goes():
    assert difference([entry(V4), entry(V4, flow="second")], [entry(V4)]) == ([], [])


@pytest.mark.parametrize("more", [{"chain": "input"}, {"users": ["ils"]}, {"windowed": True}])
def test_chain_sender_and_window_make_another_packet(more):
    assert difference([entry(V4)], [entry(V4, **more)]) == ([entry(V4, **more)], [entry(V4)])


def test_another_address_is_another_packet():
    moved = [*V4[:3], "10.0.0.9", "10.0.1.1"]
    assert difference([entry(V4)], [entry(moved)]) == ([entry(moved)], [entry(V4)])
