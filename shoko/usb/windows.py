"""The registered devices of a host as registry policy of Windows: device installation restrictions.

Written after Microsoft's documentation of the policies ("Manage Device Installation with Group Policy",
DeviceInstallation.admx, RemovableStorage.admx; the last layer that names a device decides when `AllowDenyLayered` is
set: instance ids before device ids before classes). Rendered and checked for syntax here; no Windows ran it.

Two things that Windows cannot say: it does not look at the set of interfaces, so a device that shows a registered
vendor, product and serial number and further functions gets a driver for each function whose id is listed; and it tells
no two media apart when it decides on read-only, so one medium that may be written makes all of them writable.
"""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.model import Declaration, Host, UsbDevice

_RESTRICTIONS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\DeviceInstall\Restrictions"
_STORAGE = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
_SERVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
_DISKS = "{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"  # GUID_DEVINTERFACE_DISK, as RemovableStorage.admx names it
_DISABLED = 4  # SERVICE_DISABLED
# What carries registered devices: controllers and root hubs. A hub that one plugs in is a device to be registered.
_CARRIERS = (r"PCI\CC_0C0330", r"PCI\CC_0C0320", r"USB\ROOT_HUB30", r"USB\ROOT_HUB20", r"USB\ROOT_HUB")
_STORAGE_CLASS = r"USB\Class_08"
# What a registered medium brings along: without the medium itself none of these can appear.
_MEDIUM_PARTS = (r"USBSTOR\GenDisk", r"STORAGE\Volume")

Value = int | str


def policy(declaration: Declaration, host: Host) -> bytes | None:
    """Return a host's registry file (UTF-16 with byte order mark, CRLF), or None if it is under no device control."""
    rules = declaration.usb_policy(host)
    if rules is None:
        return None
    devices = [device for device in declaration.usb_devices.values() if device.at(host)]
    storage = rules.media == "registered"
    denied = {} if storage else {"DenyDeviceIDs": [_STORAGE_CLASS]}
    lists = {
        "AllowInstanceIDs": [_instance(device) for device in devices if device.serial is not None],
        "AllowDeviceIDs": [*_CARRIERS, *dict.fromkeys(line for device in devices for line in _ids(device))],
        **denied,
    }
    switches: dict[str, Value] = {"DenyUnspecified": 1, "AllowDenyLayered": 1, "AllowAdminInstall": 0}
    switches |= {name: 1 for name, lines in lists.items() if lines}
    if denied:
        switches["DenyDeviceIDsRetroactive"] = 1
    keys: list[tuple[str, dict[str, Value]]] = [(_RESTRICTIONS, switches)]
    for name, lines in lists.items():
        # The old list goes first: a device that is no longer registered must not stay allowed.
        keys.append((f"-{_RESTRICTIONS}\\{name}", {}))
        keys.append((f"{_RESTRICTIONS}\\{name}", {str(place): line for place, line in enumerate(lines, 1)}))
    keys += _media(devices, storage=storage)
    text = "\r\n".join(_lines(declaration, host, keys)) + "\r\n"
    return b"\xff\xfe" + text.encode("utf-16-le")


def _instance(device: UsbDevice) -> str:
    return f"{_hardware(device)}\\{device.serial}"


def _hardware(device: UsbDevice) -> str:
    return f"USB\\VID_{device.vendor.upper()}&PID_{device.product.upper()}"


def _ids(device: UsbDevice) -> list[str]:
    """Device ids of a device and of what Windows makes of it: one child per interface, HID children below those."""
    known = f"VID_{device.vendor.upper()}&PID_{device.product.upper()}"
    own = [] if device.serial is not None else [f"USB\\{known}"]
    if device.storage:
        return [*own, *_MEDIUM_PARTS]
    several = len(device.interfaces) > 1
    places = [f"&MI_{place:02X}" if several else "" for place in range(len(device.interfaces))]
    children = [f"USB\\{known}{place}" for place in places if several]
    hid = [
        f"HID\\{known}{place}"
        for place, interface in zip(places, device.interfaces, strict=True)
        if interface.startswith("03:")
    ]
    return [*own, *children, *hid]


def _media(devices: list[UsbDevice], *, storage: bool) -> Iterator[tuple[str, dict[str, Value]]]:
    start = 3 if storage else _DISABLED  # 3: SERVICE_DEMAND_START, as Windows ships both
    yield f"{_SERVICES}\\USBSTOR", {"Start": start}
    yield f"{_SERVICES}\\UASPStor", {"Start": start}
    if not storage:
        yield _STORAGE, {"Deny_All": 1}
        return
    writable = any(device.media == "rw" for device in devices)
    yield _STORAGE, {"Deny_All": 0}
    yield f"{_STORAGE}\\{_DISKS}", {"Deny_Execute": 1, "Deny_Write": 0 if writable else 1}


def _lines(declaration: Declaration, host: Host, keys: list[tuple[str, dict[str, Value]]]) -> Iterator[str]:
    yield "Windows Registry Editor Version 5.00"
    yield ""
    yield f"; {host.name} of {declaration.key}: rendered by Shoko from the declaration {declaration.digest[:12]}."
    yield "; Checked for syntax, not run on Windows: try it on one machine with a second keyboard at hand."
    for key, values in keys:
        yield ""
        yield f"[{key}]"
        for name, value in values.items():
            yield f'"{name}"=dword:{value:08x}' if isinstance(value, int) else f'"{name}"="{_quoted(value)}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
