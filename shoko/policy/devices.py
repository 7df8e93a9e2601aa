"""Device control of a host: what a terminal accepts on its USB ports."""

from __future__ import annotations

from shoko.declaration.model import Host, UsbDevice
from shoko.policy.rules import Json
from shoko.policy.view import View


def usb(view: View, host: Host) -> Json | None:
    """Return the host's policy and the devices that it accepts, in declared order; None without device control."""
    declaration = view.declaration
    policy = declaration.usb_policy(host)
    if policy is None:
        return None
    devices: list[Json] = [_device(device) for device in declaration.usb_devices.values() if device.at(host)]
    return {"media": policy.media, "spare_keyboard": policy.spare_keyboard, "devices": devices}


def _device(device: UsbDevice) -> Json:
    return {
        "name": device.name,
        "vendor": device.vendor,
        "product": device.product,
        "serial": device.serial or "",
        "interfaces": list(device.interfaces),
        "keyboard": device.keyboard,
        "media": device.media,
    }
