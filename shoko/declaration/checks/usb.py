"""Device control: no terminal without it, devices told apart exactly, storage where it may be, somebody can type."""

from __future__ import annotations

from itertools import combinations

from shoko.declaration.checks.context import Context
from shoko.declaration.checks.references import known_control, known_group
from shoko.declaration.model import Host, UsbDevice
from shoko.declaration.reader import Path_
from shoko.declaration.shape import terminal_groups

# HID, boot interface, keyboard (Device Class Definition for HID 1.11, 4.2 and 4.3).
KEYBOARD = "03:01:01"


def check(context: Context) -> None:
    """Policies, then each device, then devices that could stand for one another, then hosts without a keyboard."""
    _terminals(context)
    _policies(context)
    for device in context.declaration.usb_devices.values():
        _device(context, device)
    for one, other in combinations(context.declaration.usb_devices.values(), 2):
        _apart(context, one, other)
    for host in context.declaration.hosts.values():
        _typing(context, host)


def _terminals(context: Context) -> None:
    """A group that was left out would be under no device control, and nobody would notice."""
    for group in terminal_groups():
        hosts = context.declaration.group(group)
        path: Path_ = ("usb", "groups", group)
        mistaken = any(all(a == b for a, b in zip(path, broken, strict=False)) for broken in context.broken)
        if hosts and group not in context.declaration.usb_policies and not mistaken:
            context.report(
                path,
                "is missing: no device control at " + ", ".join(host.name for host in hosts),
                "media, spare_keyboard and control, as for every group of terminals",
            )


def _policies(context: Context) -> None:
    declaration = context.declaration
    for policy in declaration.usb_policies.values():
        path: Path_ = ("usb", "groups", policy.group)
        known_control(context, (*path, "control"), policy.control)
        known_group(context, path, policy.group)
    for host in declaration.hosts.values():
        own = [group for group in host.groups if group in declaration.usb_policies]
        if len(own) > 1:
            context.report(
                ("usb", "groups", own[1]), f"{host.name} is also in {own[0]}", "one group under device control per host"
            )


def _places(context: Context, device: UsbDevice) -> list[Host]:
    return [host for host in context.declaration.hosts.values() if device.at(host)]


def _device(context: Context, device: UsbDevice) -> None:
    declaration = context.declaration
    path: Path_ = ("usb", "devices", device.name)
    context.known((*path, "owner"), "owner", device.owner, context.written("owners"))
    written = context.source.tree["usb"]["devices"][device.name]["at"]
    for index, place in enumerate(written):
        where = (*path, "at", index)
        if "host" in place and context.known((*where, "host"), "host", place["host"], context.written("hosts")):
            host = declaration.hosts.get(place["host"])
            if host is not None and declaration.usb_policy(host) is None:
                context.report((*where, "host"), f"{host.name} is not under device control", _controlled(context))
        if "group" in place and place["group"] not in declaration.usb_policies:
            context.report((*where, "group"), f"{place['group']} is not under device control", _controlled(context))
    _keyboard(context, path, device)
    _storage(context, path, device)


def _controlled(context: Context) -> str:
    return "usb.groups has: " + ", ".join(context.declaration.usb_policies)


def _keyboard(context: Context, path: Path_, device: UsbDevice) -> None:
    if not device.keyboard:
        return
    if KEYBOARD not in device.interfaces:
        context.report((*path, "keyboard"), "nobody can type on it", f"the interface {KEYBOARD}, or no `keyboard`")
    if device.serial is not None and set("()'") & set(device.serial):
        context.report(
            (*path, "serial"),
            "has parentheses or an apostrophe, and USBGuard could not be asked whether this keyboard is there",
            "another keyboard, or no `keyboard`",
        )


def _storage(context: Context, path: Path_, device: UsbDevice) -> None:
    if not device.storage:
        if device.media is not None:
            context.report((*path, "media"), "the device has no storage", "an interface of class 08, or no `media`")
        return
    if any(not interface.startswith("08:") for interface in device.interfaces):
        context.report(
            (*path, "interfaces"),
            "storage together with another function",
            "storage alone: such a device can also type",
        )
    if device.media is None:
        context.report(path, "storage without `media`", "media: ro or media: rw")
    if device.serial is None:
        context.report(path, "storage without a serial number", "serial: one that no other medium has")
    for host in _places(context, device):
        policy = context.declaration.usb_policy(host)
        if policy is not None and policy.media == "never":
            context.report(
                (*path, "at"), f"{host.name} accepts no storage", f"usb.groups.{policy.group}.media: registered"
            )


def _apart(context: Context, one: UsbDevice, other: UsbDevice) -> None:
    """Two entries that the same device could fit, on the same host."""
    same = (one.vendor, one.product, one.interfaces) == (other.vendor, other.product, other.interfaces)
    if same and one.serial == other.serial and any(other.at(host) for host in _places(context, one)):
        context.report(
            ("usb", "devices", other.name), f"is the same device as {one.name}", "another serial, or one entry for both"
        )


def _typing(context: Context, host: Host) -> None:
    """A keyboard is registered: without one nobody could type, and a spare one would stand in for nothing."""
    policy = context.declaration.usb_policy(host)
    devices = context.declaration.usb_devices.values()
    if policy is None or any(device.keyboard and device.at(host) for device in devices):
        return
    path: Path_ = ("usb", "groups", policy.group)
    wanted = "a registered device with `keyboard: true` there"
    if policy.spare_keyboard:
        what = f"no keyboard is registered at {host.name}: whatever claims to be one would always work"
        context.report((*path, "spare_keyboard"), what, wanted)
    else:
        context.report(path, f"nobody could type at {host.name}", wanted)
