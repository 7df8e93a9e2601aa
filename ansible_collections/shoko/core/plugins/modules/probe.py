#!/usr/bin/python
"""What this host can really do: tried, not guessed from "is a container"."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import systemd
from ansible_collections.shoko.core.plugins.module_utils.commands import run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.marks import canonical
from ansible_collections.shoko.core.plugins.module_utils.preview import find_program

DOCUMENTATION = r"""
---
module: probe
short_description: Tell what a host can really do
version_added: "0.1.0"
author: The Shoko authors
description:
  - Tries each thing without leaving a trace. Changes nothing, so it also runs in check mode.
options:
  sysctls:
    description: Kernel settings to try, as C(net.ipv4.ip_forward).
    type: list
    elements: str
    default: []
  capabilities:
    description: Capabilities that services may get, as capabilities(7) names them.
    type: list
    elements: str
    default: []
  units:
    description: Units to look for.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: See what this host can do
  shoko.core.probe:
    sysctls: [net.ipv4.ip_forward, net.core.rmem_max]
    capabilities: [CAP_SYS_TIME]
    units: [chrony]
  register: can
"""

RETURN = r"""
sysctls:
  description: Each setting, whether it is present and writable, its value now, and why it is not writable.
  type: list
  elements: dict
  returned: always
  sample: [{key: net.ipv4.ip_forward, present: true, writable: true, value: "0", reason: ""}]
capabilities:
  description: Per capability whether services of this host may have it (bounds of PID 1, as ConditionCapability=).
  type: dict
  returned: always
  sample: {CAP_SYS_TIME: false}
nft:
  description: Whether nft is installed and may change rules.
  type: bool
  returned: always
wireguard:
  description: Whether the kernel makes WireGuard interfaces.
  type: bool
  returned: always
tun:
  description: Whether C(/dev/net/tun) can be opened.
  type: bool
  returned: always
usb:
  description: Whether the kernel knows USB, loaded or as a module.
  type: bool
  returned: always
units:
  description: Per unit whether there is such a unit.
  type: dict
  returned: always
reasons:
  description: For each false answer above, why.
  type: dict
  returned: always
"""

# In the order of linux/capability.h: the place is the bit.
_CAPABILITIES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
    "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
    "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
    "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One answer, and why it is no."""

    works: bool
    reason: str = ""


def sysctl(name: str) -> dict:
    """Return whether a kernel setting can be written; opening for writing is refused where writing would be."""
    # sysctl(8): in a name that holds slashes the dots are part of an interface's name.
    path = os.path.join("/proc/sys", name if "/" in name else name.replace(".", "/"))
    found = {"key": name, "present": os.path.exists(path), "writable": False, "value": None, "reason": ""}
    if not found["present"]:
        return {**found, "reason": "no such setting in this kernel or namespace"}
    try:
        with open(path, encoding="ascii") as stream:
            found["value"] = stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        found["reason"] = str(error)
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        return {**found, "reason": error.strerror or str(error)}
    return {**found, "writable": True}


def nft() -> Finding:
    """Check an addition to the ruleset without making it; that needs the same rights."""
    if find_program(["nft"]) is None:
        return Finding(False, "nft is not installed")
    done = run(["nft", "-c", "add", "table", "inet", "shoko_probe"])
    return Finding(done.rc == 0, "" if done.rc == 0 else done.tail(2))


def wireguard() -> Finding:
    """Make an interface in a network namespace that vanishes with the command."""
    if find_program(["ip"]) is None:
        return Finding(False, "iproute2 is not installed")
    done = run(["unshare", "--net", "ip", "link", "add", "name", "probe", "type", "wireguard"])
    return Finding(done.rc == 0, "" if done.rc == 0 else done.tail(1))


def capabilities(names: list[str]) -> dict[str, bool]:
    """Look at what PID 1 may hand to services, as ConditionCapability= does."""
    unknown = sorted(set(names) - set(_CAPABILITIES))
    if unknown:
        raise HostError(f"capabilities: {', '.join(unknown)}: no such capability (capabilities(7))")
    with open("/proc/1/status", encoding="ascii", errors="replace") as stream:
        bounds = int(next((line.split()[1] for line in stream if line.startswith("CapBnd:")), "0"), 16)
    return {name: bool(bounds >> _CAPABILITIES.index(name) & 1) for name in names}


def tun() -> Finding:
    """Open the device."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return Finding(False, f"/dev/net/tun: {error.strerror}")
    return Finding(True)


def usb() -> Finding:
    """Look for the bus, else for the module that would bring it. A container may see its machine's."""
    if run(["systemd-detect-virt", "--quiet", "--container"]).rc == 0:
        return Finding(False, "the host is a container, and USB its machine's")
    if os.path.isdir("/sys/bus/usb/devices"):
        return Finding(True)
    if find_program(["modprobe"]) is not None and run(["modprobe", "--dry-run", "--quiet", "usbcore"]).rc == 0:
        return Finding(True)
    return Finding(False, "the kernel has no USB (no /sys/bus/usb, no module usbcore)")


def units(names: list[str]) -> dict[str, bool]:
    """Return which units there are, under the names that were asked for."""
    found = systemd.show(names)
    return {name: found[canonical(name)].present for name in names}


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "sysctls": {"type": "list", "elements": "str", "default": []},
            "capabilities": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        settings = [sysctl(name) for name in module.params["sysctls"]]
        bounds = capabilities(module.params["capabilities"])
        findings = {"nft": nft(), "wireguard": wireguard(), "tun": tun(), "usb": usb()}
        present = units(module.params["units"])
    except (HostError, OSError, subprocess.SubprocessError) as error:
        module.fail_json(msg=one_line(error))
    module.exit_json(
        changed=False,
        sysctls=settings,
        capabilities=bounds,
        units=present,
        reasons={name: finding.reason for name, finding in findings.items() if not finding.works},
        **{name: finding.works for name, finding in findings.items()},
    )


if __name__ == "__main__":
    main()
