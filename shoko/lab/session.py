"""One lab command from a site directory to machines: puts declaration, day-0 files, keys and engine together."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address

from shoko.declaration import Declaration, load
from shoko.lab.cgroups import HostGroup
from shoko.lab.dayzero import arrivals, site_keys
from shoko.lab.engine import Lab
from shoko.lab.errors import LabError
from shoko.lab.kernel import raise_limits
from shoko.lab.mirror import current_mirror, ensure_mirror
from shoko.lab.outside.names import site_names
from shoko.lab.outside.public_authority import PublicAuthority
from shoko.lab.outside.topology import Outside
from shoko.lab.planning import plan_from_declaration
from shoko.lab.preflight import check_emulator, check_ports, free_ports
from shoko.lab.recipes import load_recipes
from shoko.lab.relay import Route
from shoko.lab.settings import DEFAULT_PORTS, LabRecord, LabSettings, cache_root, read_record
from shoko.lab.ssh import write_ssh
from shoko.trust.authority import default_directory

HOME = "home"
STAFF_SEATS = "business_terminals"
HTTPS = 443
DEMO_SITE = "lab"  # the only site that playbooks/demo.yml fills


def open_lab(settings: LabSettings) -> Lab:
    """Return the lab as the declaration plans it; makes keys, nothing else."""
    return _plan(settings, load(settings.site))


def _plan(settings: LabSettings, declaration: Declaration) -> Lab:
    recipes = load_recipes()
    mirror = current_mirror(cache_root(), recipes)
    arriving = arrivals(declaration, site_keys(declaration, settings.state))
    pair = PublicAuthority(cache_root()).site_pair(settings.state / "keys", site_names(declaration))
    record = read_record(settings.record)
    virtual = record.virtual if record is not None else ()
    plan = plan_from_declaration(declaration, arriving, settings, Outside(str(mirror), pair), virtual)
    return Lab(settings, plan, recipes, cache_root())


def bring_up(
    settings: LabSettings, names: Sequence[str] | None, ports: str | None, virtual: Sequence[str] | None = None
) -> None:
    """Make everything that is missing, start the hosts, let the browser in.

    `virtual` names the hosts that are machines with a kernel of their own; None: those that were.
    """
    declaration = load(settings.site)
    check_authority(settings, declaration)
    raise_limits()
    machines = virtual_hosts(settings, virtual)
    if machines:
        check_emulator()
    record = LabRecord(settings.checkout, settings.site, _ports(settings, ports), machines)
    record.write(settings.record)
    mirror = ensure_mirror(cache_root(), load_recipes())
    lab = _plan(settings, declaration)
    lab.build_images(mirror)
    write_ssh(settings, declaration, site_keys(declaration, settings.state), lab.plan.control)
    lab.up(names or lab.plan.names())
    lab.start_relay(_routes(settings, declaration, record))


def check_authority(settings: LabSettings, declaration: Declaration) -> None:
    """LabError where disks of hosts believe an authority that is lost: a new one would reach none of them."""
    directory = default_directory(declaration.key, settings.checkout)
    if (directory / "root.pem").exists():
        return
    believing = sorted(root.parts[-6] for root in settings.hosts_dir.glob("*/upper/etc/shoko/trust/root.pem"))
    if believing:
        raise LabError(
            f"the disks of {len(believing)} hosts ({believing[0]} …) believe a certificate authority that is not in "
            f"{directory} any more: bring it back, or begin anew with `shoko lab clean -i {settings.site}`"
        )


def virtual_hosts(settings: LabSettings, given: Sequence[str] | None) -> tuple[str, ...]:
    """Return which hosts are virtual machines: as given or as before. A host that runs cannot become another kind."""
    record = read_record(settings.record)
    former = record.virtual if record is not None else ()
    wanted = former if given is None else tuple(given)
    for name in sorted(set(former) ^ set(wanted)):
        if HostGroup(settings.ident, name).populated():
            raise LabError(f"host {name} runs as it was started: run `shoko lab down` before changing --virtual")
    return wanted


def _ports(settings: LabSettings, given: str | None) -> tuple[int, int]:
    """Return the two ports: as given, as before, or by rule; refuse those of somebody else."""
    record = read_record(settings.record)
    former = record.ports if record is not None else None
    running = Lab.relay_runs(settings)
    free = given == "auto" or (given is None and settings.named)
    if former is not None and (running or not free) and given in {None, "auto"}:
        ports = former
    elif free:
        return free_ports()
    else:
        ports = _parse_ports(given) if given is not None else DEFAULT_PORTS
    if not (running and ports == former):
        check_ports(ports)
    return ports


def _parse_ports(text: str) -> tuple[int, int]:
    try:
        public, staff = (int(part) for part in text.split(","))
    except ValueError:
        raise LabError(f"--ports {text}: two numbers are needed, such as 8443,8444, or `auto`") from None
    if not (0 < public < 65536 and 0 < staff < 65536 and public != staff):
        raise LabError(f"--ports {text}: two different numbers between 1 and 65535 are needed")
    return public, staff


def _routes(settings: LabSettings, declaration: Declaration, record: LabRecord) -> list[Route]:
    return [
        Route(port, settings.machine(host), str(_address(declaration, key)), HTTPS)
        for port, key, host in doors(declaration, record.ports, record.virtual)
    ]


def doors(
    declaration: Declaration, ports: tuple[int, int], virtual: Collection[str] = ()
) -> list[tuple[int, str, str]]:
    """Return the ways in that a site has: (port, key of `names`, lab host in whose place the person sits).

    Citizens sit at home, staff at the first declared terminal of the business zone that is no virtual machine: nobody
    can open a connection in the place of one from outside.
    """
    seats = {
        "opac": next((name for name in declaration.external if name == HOME), None),
        "staff": next((host.name for host in declaration.group(STAFF_SEATS) if host.name not in virtual), None),
    }
    return [
        (port, key, host)
        for port, (key, host) in zip(ports, seats.items(), strict=True)
        if key in declaration.names and host is not None
    ]


def _address(declaration: Declaration, key: str) -> IPv4Address | IPv6Address:
    vip = declaration.vips[declaration.names[key].vip]
    address = vip.ipv4 or vip.ipv6
    if address is None:
        raise LabError(f"vip {vip.name} has no address")
    return address


def urls(settings: LabSettings) -> str:
    """Return the lines that tell a person where to go."""
    record = read_record(settings.record)
    if record is None:
        raise LabError("this lab was never started: run `shoko lab up`")
    declaration = load(settings.site)
    lines = []
    for port, key, host in doors(declaration, record.ports, record.virtual):
        names = declaration.names[key].names
        local = next((name for name in names if name.endswith(".localhost")), "127.0.0.1")
        lines.append(f"{key:<6} https://{local}:{port}/  (as seen from {host}; also https://127.0.0.1:{port}/)")
    lines.append(f"ssh    ssh -F {settings.ssh_config} HOST")
    if settings.demo_secret.exists() and settings.site.name == DEMO_SITE:
        password = settings.demo_secret.read_text().split()[0]
        lines.append(f"login  demo / {password}  (staff screens; made for this lab, kept outside git)")
    return "\n".join(lines)
