"""Day 0 of a switch: access ports with their VLANs, and its own leg in the management segment."""

from __future__ import annotations

from shoko.bootstrap.model import File
from shoko.declaration.model import Declaration, Host
from shoko.policy.switching import access_ports
from shoko.ports import BRIDGE

SCRIPT = "/usr/local/sbin/shoko-switch-day0"
UNIT = "shoko-switch-day0.service"
# With the userspace datapath the kernel sees every frame of a port too, and would answer ARP for the management
# address with the port's own MAC: whoever asked would then talk to the port instead of to the management leg.
_ARP = "# An address is answered for only on the interface that has it.\nnet.ipv4.conf.all.arp_ignore = 1\n"


def switch_files(declaration: Declaration, host: Host) -> list[File]:
    """Return the files that only a switch on Open vSwitch has; a switch of another make is set up on paper."""
    if declaration.switches.get(host.name) != "openvswitch":
        return []
    access = access_ports(declaration)
    own = host.manage_leg
    vlan = declaration.segments[own.segment].vlan
    tag = "" if vlan is None else f" tag={vlan}"
    commands = [f"add-br {BRIDGE}", f'set bridge {BRIDGE} "datapath_type=$datapath" fail_mode=standalone']
    commands += [f"add-port {BRIDGE} {port.name} vlan_mode=access tag={port.vlan}" for port in access]
    commands.append(f"add-port {BRIDGE} {own.interface}{tag} -- set interface {own.interface} type=internal")
    transaction = " \\\n  ".join(f"-- {command}" for command in commands)
    script = f"""#!/bin/sh
# Day 0 of the switch, written from the declaration: once, in one transaction. Later VLANs come by the role
# `network_device`, and Open vSwitch keeps them in its own database.
set -eu
ovs-vsctl br-exists {BRIDGE} && exit 0
datapath=netdev
if [ -d /sys/module/openvswitch ] || modprobe --quiet openvswitch 2>/dev/null; then datapath=system; fi
exec ovs-vsctl \\
  {transaction}
"""
    unit = f"""# Day 0 of the switch, written from the declaration.
[Unit]
Description=Shoko: access ports and VLANs of day 0
After=openvswitch-switch.service
Requires=openvswitch-switch.service
Before=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={SCRIPT}

[Install]
WantedBy=multi-user.target
"""
    # A port has to be up to switch; networkd raises each as soon as its cable is there, and gives it no address.
    up = "\n".join(
        ["# Access ports: up, and nothing else.", "[Match]", "Name=" + " ".join(port.name for port in access), "",
         "[Link]", "ActivationPolicy=up", "RequiredForOnline=no", "", "[Network]", "LinkLocalAddressing=no",
         "IPv6AcceptRA=no", "ConfigureWithoutCarrier=yes", ""]
    )  # fmt: skip
    return [
        File(SCRIPT, script.encode(), 0o755),
        File(f"/etc/systemd/system/{UNIT}", unit.encode()),
        File("/etc/systemd/network/30-ports.network", up.encode()),
        File("/etc/sysctl.d/61-shoko-switch.conf", _ARP.encode()),
    ]
