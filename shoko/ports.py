"""Names of the switches' access ports: one rule for who plugs, who configures and who proves."""

import hashlib

BRIDGE = "br0"  # that all ports of a switch on Open vSwitch belong to
PORT_BYTES = 15  # IFNAMSIZ - 1 of linux/if.h; real switches allow more


def switch_port(host: str, interface: str) -> str:
    """Return the name of the port that a host's leg is plugged into: "host.interface".

    A name that would be too long keeps its first ten bytes and ends in four hex digits of its digest.
    """
    whole = f"{host}.{interface}"
    if len(whole) <= PORT_BYTES:
        return whole
    return f"{whole[:10]}-{hashlib.sha256(whole.encode()).hexdigest()[:4]}"


def line_port(interface: str) -> str:
    """Return the name of the port into which the provider's router of a line is plugged."""
    return switch_port("provider", interface)
