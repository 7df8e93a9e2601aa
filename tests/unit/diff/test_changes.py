"""What a change of the declaration newly permits and newly denies, exactly."""

import ipaddress
from collections.abc import Callable

import pytest
from policy.sites import Tree, declare, flow, small

from shoko.diff.compare import changes
from shoko.diff.report import lines
from shoko.policy.expand import expand

Edit = Callable[[Tree], object]


def told(edit: Edit) -> list[str]:
    """The report of one edit of the small site, a line each, without indentation."""
    old, new = small(), small()
    edit(new)
    before, after = declare(old), declare(new)
    return [line.strip() for line in lines(before, after, changes(before, after))]


def edit_flow(name: str, **more: object) -> Edit:
    return lambda tree: tree["flows"][name].update(more)


def new_flow(tree: Tree) -> None:
    tree["flows"]["look"] = flow({"host": "tb1"}, {"vip": "opac"}, "https")
    tree["numbers"]["look"] = 99


def other_names(tree: Tree) -> None:
    """The same packets under another flow: an end that is named otherwise, split in two flows."""
    for name, host in (("cluster-1", "db1"), ("cluster-2", "db2"), ("cluster-3", "db3")):
        if host in tree["hosts"]:
            tree["flows"][name] = flow({"group": "databases"}, {"host": host}, "etcd")
            tree["numbers"][name] = 90 + int(host[-1])
    del tree["flows"]["cluster"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda tree: None, ["no packet is newly permitted or newly denied"]),
        (other_names, ["no packet is newly permitted or newly denied"]),
        (edit_flow("counter", owner="somebody", why="N-08"), ["no packet is newly permitted or newly denied"]),
        (
            edit_flow("counter", families=["ipv4"]),
            ["newly denied", "business → business", "counter (N-03; office)  tcp/443", "floor → app1  (IPv6 only)"],
        ),
        (
            edit_flow("entry", services=["ils-public", "ssh"]),
            ["newly permitted", "dmz → webopac", "entry (N-03; office)  tcp/22", "rp1 → app1"],
        ),
        (
            lambda tree: tree["flows"]["visit"].pop("window"),
            [
                "newly permitted",
                "business → data",
                "visit (N-03; office)  outside its windows  tcp/5432",
                "tb1 → db1",
            ],
        ),
        (
            edit_flow("visit", to={"host": "db1"}, services=["etcd"]),
            [
                "newly permitted", "business → data",
                "visit (N-03; office)  inside its windows  tcp/2379 tcp/2380", "tb1 → db1",
                "newly denied", "business → data",
                "visit (N-03; office)  inside its windows  tcp/5432", "tb1 → db1",
            ],
        ),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(edit: Edit, expected: list[str]) -> None:
    assert told(edit) == expected


def test_another_process_is_another_permission() -> None:
    def narrowed(tree: Tree) -> None:
        tree["flows"]["data"]["from"]["as"] = ["ils-staff"]

    assert [line for line in told(narrowed) if "process" in line] == [
        "data (N-03; office)  process: ils-staff  tcp/5432",
        "data (N-03; office)  process: ils-public  tcp/5432",
    ]


def test_any_process_is_more_than_one() -> None:
    def widened(tree: Tree) -> None:
        del tree["flows"]["data"]["from"]["as"]

    report = told(widened)
    assert report[0] == "newly permitted"
    assert "newly denied" not in report
    assert [line for line in report if "process" in line] == [
        "data (N-03; office)  process: all but ils-public  tcp/5432"
    ]


def test_a_part_of_a_segment_is_told_by_its_addresses() -> None:
    """The floor shrinks: its upper half may no longer reach the counter."""

    def shrunk(tree: Tree) -> None:
        floor = tree["zones"]["business"]["segments"]["floor"]
        floor["ipv4"] = str(next(ipaddress.ip_network(floor["ipv4"]).subnets()))

    assert any(line.startswith("floor [10.10.41.128/25] → app1") and "IPv4 only" in line for line in told(shrunk))


def test_the_other_way_round_is_the_other_verb() -> None:
    old, new = small(), small()
    new_flow(new)
    before, after = declare(old), declare(new)
    there, back = changes(before, after), changes(after, before)
    assert there
    assert {one.verb for one in there} == {"permitted"}
    assert {one.verb for one in back} == {"denied"}
    assert len(there) == len(back)


def test_every_flow_of_a_site_shows_when_it_goes() -> None:
    """Each flow alone: without it something is denied, unless another flow permits the same packets."""
    whole = declare(small())
    for name in small()["flows"]:
        tree = small()
        del tree["flows"][name]
        found = changes(whole, declare(tree))
        passes = [item for item in expand(whole) if item.flow == name]
        assert {one.verb for one in found} == {"denied"}, name
        assert {(one.protocol, one.port, one.family) for one in found} == {
            (item.protocol, item.port, item.family) for item in passes
        }, name
