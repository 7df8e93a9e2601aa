"""A gateway that changes while packets are sent through it, and what its rules counted."""

from shoko.proof.dynamic.still import counted_drops, same


def listing(*rules):
    return {
        "nftables": [{"rule": {"chain": "forward", "handle": at, "expr": list(one)}} for at, one in enumerate(rules)]
    }


def counter(packets):
    return {"counter": {"packets": packets, "bytes": packets * 60}}


def test_counters_and_remaining_times_are_no_change_and_everything_else_is():
    before = listing([counter(1), {"drop": None}])
    assert same(before, listing([counter(7), {"drop": None}]))
    assert not same(before, listing([counter(1), {"accept": None}]))
    assert not same(before, listing([counter(1), {"drop": None}], [{"accept": None}]))
    element = {"elem": {"val": "10.0.0.1", "timeout": 60, "expires": 9}}
    later = {"elem": {"val": "10.0.0.1", "timeout": 60, "expires": 8}}
    assert same({"nftables": [{"set": {"elem": [element]}}]}, {"nftables": [{"set": {"elem": [later]}}]})


def test_only_rules_that_count_and_drop_are_added_up():
    rules = [[counter(3), {"drop": None}], [counter(5), {"accept": None}], [{"drop": None}],
             [counter(4), {"goto": {"target": "refused"}}], [counter(2), {"log": {}}, {"drop": None}]]  # fmt: skip
    assert counted_drops(listing(*rules)) == 5
