"""`world`: the internet's routes, names, time, package mirror and web sites, as files of one host."""

from collections.abc import Sequence
from importlib import resources
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from shoko.declaration.model import Declaration
from shoko.lab.outside.client import network_file, resolver_file
from shoko.lab.outside.names import zone_records
from shoko.lab.outside.wire import PRIVATE, PRIVATE6, Network, Wire
from shoko.lab.plan import DayZero, LabLeg, text_file

Route = tuple[Network, IPv4Address | IPv6Address]
SERVICES = ("unbound", "chrony", "nginx", "lab-ndl")
FORWARDING = ["IPv4Forwarding=yes", "IPv6Forwarding=yes", "IPv6AcceptRA=no"]


def files(
    declaration: Declaration,
    uplink: LabLeg,
    wires: Sequence[Wire],
    routes: Sequence[Route],
    pair: tuple[str, str],
) -> list[DayZero]:
    """Return every file of the world; `pair` is the web sites' certificate and key (PEM)."""
    own = declaration.external["world"]
    found = [_loopback(declaration), _line(uplink, routes), resolver_file(own)]
    # An interface's own setting is not enough for IPv6: the kernel asks for the one of all interfaces.
    found.append(text_file("/etc/sysctl.d/50-forwarding.conf", "net.ipv6.conf.all.forwarding = 1\n"))
    found += [_wire(item) for item in wires]
    found += [
        text_file("/etc/unbound/unbound.conf", _unbound(declaration)),
        text_file("/etc/chrony/chrony.conf", CHRONY),
        text_file("/etc/systemd/system/chrony.service.d/lab.conf", CHRONY_UNIT),
        text_file("/etc/nginx/sites-available/default", _web(declaration)),
        text_file("/etc/nginx/world.pem", pair[0]),
        text_file("/etc/nginx/world.key", pair[1], 0o600),
        text_file("/usr/local/lib/lab/ndl.py", _asset("ndl.py")),
        text_file("/usr/local/lib/lab/ndl_records.json", _asset("ndl_records.json")),
        text_file("/etc/systemd/system/lab-ndl.service", NDL_UNIT),
    ]
    return found


def links() -> list[tuple[str, str]]:
    """Return the symbolic links that switch the world's services on."""
    wants = "/etc/systemd/system/multi-user.target.wants"
    places = {"lab-ndl": "/etc/systemd/system"}
    return [
        (f"{wants}/{unit}.service", f"{places.get(unit, '/usr/lib/systemd/system')}/{unit}.service")
        for unit in SERVICES
    ]


def _loopback(declaration: Declaration) -> DayZero:
    """The services' addresses, and the end of the road for private prefixes, as at any provider."""
    own = declaration.external["world"]
    lines = ["[Network]"]
    lines += [f"Address={a.ip}/{a.ip.max_prefixlen}" for a in (own.ipv4, own.ipv6) if a is not None]
    for prefix in [*PRIVATE, PRIVATE6]:
        lines += ["", "[Route]", f"Destination={prefix}", "Type=unreachable"]
    return network_file("lo", lines)


def _line(uplink: LabLeg, routes: Sequence[Route]) -> DayZero:
    lines = ["[Network]", *FORWARDING, *(f"Address={address}" for address in uplink.addresses)]
    for prefix, hop in routes:
        lines += ["", "[Route]", f"Destination={prefix}", f"Gateway={hop}"]
    return network_file(uplink.name, lines)


def _wire(item: Wire) -> DayZero:
    lines = ["[Network]", *FORWARDING, "ConfigureWithoutCarrier=yes"]
    return network_file(item.party, lines + [f"Address={address}" for address in item.router])


def _unbound(declaration: Declaration) -> str:
    own = declaration.external["world"]
    listen = [str(a.ip) for a in (own.ipv4, own.ipv6) if a is not None]
    lines = ["server:"]
    lines += [f"    interface: {address}" for address in ["127.0.0.1", *listen]]
    lines += [
        "    access-control: 0.0.0.0/0 allow",
        "    access-control: ::/0 allow",
        '    chroot: ""',
        "    use-syslog: yes",
        # The whole internet is what is listed here; any other name does not exist.
        '    module-config: "iterator"',
        '    local-zone: "." static',
        '    local-data: ". 3600 IN SOA world. nobody.invalid. 1 3600 600 86400 300"',
    ]
    lines += [f'    local-data: "{name}. 300 IN {kind} {value}"' for name, kind, value in zone_records(declaration)]
    lines += ["remote-control:", "    control-enable: no"]
    return "\n".join(lines) + "\n"


def _web(declaration: Declaration) -> str:
    uris = (declaration.updates.archive, declaration.updates.security)
    mirrors = dict.fromkeys(host for uri in uris if (host := urlsplit(uri).hostname))
    return _asset("nginx.conf").replace("@MIRROR_NAMES@", " ".join(mirrors))


def _asset(name: str) -> str:
    return resources.files("shoko.lab.outside").joinpath("assets", name).read_text()


CHRONY = """\
# The internet's time is the machine's clock; it is served and never set.
local stratum 2
allow 0.0.0.0/0
allow ::/0
driftfile /var/lib/chrony/chrony.drift
cmdport 0
"""
CHRONY_UNIT = """\
# Without CAP_SYS_TIME chronyd can serve time (-x) though it cannot set it.
[Unit]
ConditionCapability=
[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -n -x -F 1
Type=simple
"""
NDL_UNIT = """\
[Unit]
Description=Stand-in for the National Diet Library search (SRU 1.2, DC-NDL)
After=network.target
[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/lab/ndl.py
DynamicUser=yes
Restart=always
[Install]
WantedBy=multi-user.target
"""
