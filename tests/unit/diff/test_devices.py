"""What a change does to device control, a line for each policy and each device."""

from collections.abc import Callable

import pytest
from policy.sites import Tree, declare, leg, small

from shoko.diff.devices import device_changes
from shoko.diff.report import lines

Edit = Callable[[Tree], object]
STICK = {
    "title": {"ja": "移送媒体", "en": "Medium"}, "vendor": "0951", "product": "1666", "serial": "A-1",
    "interfaces": ["08:06:50"], "media": "ro", "at": [{"host": "tb1"}], "owner": "office",
}  # fmt: skip
QUIET = "no packet is newly permitted or newly denied"


def told(edit: Edit, before: Edit = lambda tree: None) -> list[str]:
    """The report of one edit of the small site, without what it says of packets."""
    trees = small(), small()
    before(trees[0])
    before(trees[1])
    edit(trees[1])
    old, new = (declare(tree) for tree in trees)
    first, *rest = lines(old, new, [], [], device_changes(old, new))
    assert first == QUIET
    return rest


def with_stick(tree: Tree) -> None:
    tree["usb"]["groups"]["business_terminals"]["media"] = "registered"
    tree["usb"]["devices"]["stick"] = STICK


def stick(**more: object) -> Edit:
    return lambda tree: tree["usb"]["devices"].update(stick={**STICK, **more})


def another_group(tree: Tree) -> None:
    tree["hosts"]["to1"] = {"groups": ["opac_terminals"], "legs": {"floor": leg("business.floor", 41, 22, manage=True)}}
    tree["usb"]["groups"]["opac_terminals"] = {"media": "never", "spare_keyboard": False, "control": "H-11"}
    tree["usb"]["devices"]["keyboard"]["at"].append({"group": "opac_terminals"})


@pytest.mark.parametrize(
    ("before", "edit", "expected"),
    [
        (lambda tree: None, with_stick, [
            "device control: added",
            "  device stick (移送媒体; office)  vendor 0951, product 1666, serial A-1, interfaces 08:06:50, media ro, "
            "at tb1",
            "device control: changed",
            "  policy business_terminals (N-10)  media never → registered",
        ]),
        (with_stick, lambda tree: tree["usb"]["devices"].pop("keyboard"), [
            "device control: removed",
            "  device keyboard (keyboard; office)  vendor 04d9, product 1503, interfaces 03:01:01, keyboard true, "
            "at tb1",
        ]),
        (with_stick, stick(media="rw", serial="A-2"), [
            "device control: changed",
            "  device stick (移送媒体; office)  serial A-1 → A-2, media ro → rw",
        ]),
        (lambda tree: None, lambda tree: tree["usb"]["devices"]["keyboard"].update(serial="K-1"), [
            "device control: changed",
            "  device keyboard (keyboard; office)  serial none → K-1",
        ]),
        (lambda tree: None, another_group, [
            "device control: added",
            "  policy opac_terminals (H-11)  media never, spare_keyboard false, at to1",
            "device control: changed",
            "  device keyboard (keyboard; office)  newly at to1",
        ]),
        (another_group, lambda tree: tree["hosts"]["to1"].update(groups=["business_terminals"]), [
            "device control: changed",
            "  policy business_terminals (N-10)  newly at to1",
            "  policy opac_terminals (H-11)  no longer at to1",
        ]),
    ],
)  # fmt: skip
def test_what_changes_of_device_control_is_told(before: Edit, edit: Edit, expected: list[str]) -> None:
    assert told(edit, before) == expected


@pytest.mark.parametrize(
    "edit",
    [
        lambda tree: None,
        stick(owner="nobody", title={"ja": "媒体", "en": "Stick"}),
        stick(at=[{"group": "business_terminals"}]),
    ],
)
def test_the_same_devices_at_the_same_terminals_are_no_change(edit: Edit) -> None:
    assert told(edit, with_stick) == []
