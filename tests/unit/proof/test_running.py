"""Hosts are read as they are, over ssh: whoever does not answer is unproved, whoever differs is shown."""

import json
import os
import textwrap
from functools import partial
from pathlib import Path

import pytest

from shoko import cli
from shoko.declaration.load import load as declared
from shoko.observe import visit
from shoko.policy import slices
from shoko.policy.nft import ruleset
from shoko.proof import rendered

from .made import pages
from .namespace import commands

ROOT = Path(__file__).resolve().parents[3]
SITE = "inventories/museum"


@pytest.fixture
def hosts(tmp_path, monkeypatch):
    """A folder with the ruleset and the network of each host; a host without a ruleset is out of reach.

    In place of ssh stands a program that runs the command in a namespace with both. Open vSwitch does not run in one:
    of the switch there is a page as the observer prints it.
    """
    declaration = declared(ROOT / SITE)
    folder = tmp_path / "hosts"
    folder.mkdir()
    content = slices(declaration)
    for name, one in content.items():
        write(folder, name, one)
    listings = dict.fromkeys(declaration.hosts) | rendered.listings(declaration, ["sw1"])
    (folder / "sw1.json").write_text(json.dumps(pages(declaration, listings)["sw1"]))
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        textwrap.dedent(f"""\
        #!/bin/sh
        shift 4; host=$1; command=${{2#sudo -n }}
        cd {folder}
        [ ! -f $host.json ] || exec cat $host.json
        [ -f $host.nft ] || {{ echo "connect to $host: No route to host" >&2; exit 255; }}
        exec unshare --net --mount sh -ec "
          sh -e $host.network
          nft -f $host.nft
          cat $host.forwarding >/proc/sys/net/ipv4/ip_forward
          cat $host.forwarding >/proc/sys/net/ipv6/conf/all/forwarding
          $command"
        """)
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    # Not the 30 seconds of a network: all hosts are played at once, by this machine.
    monkeypatch.setattr(visit, "ask", partial(visit.ask, seconds=600))
    monkeypatch.setenv("SHOKO_SSH_CONFIG", str(tmp_path / "ssh_config"))
    monkeypatch.chdir(ROOT)
    return folder


def write(folder, name, part):
    """What a host enforces and where it stands."""
    (folder / f"{name}.nft").write_text(ruleset(part))
    (folder / f"{name}.network").write_text("".join(f"{one}\n" for one in commands(part)))
    (folder / f"{name}.forwarding").write_text(f"{int(part['firewall']['gateway'])}\n")


def prove(*more):
    return cli.main(["prove", "--static", "-i", SITE, *more])


def test_running_hosts_are_proven(hosts, capsys):
    assert prove() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "proven: 7 of 7 hosts enforce exactly what the declaration permits"
    assert said[1].startswith("together: 46 ways from end to end let through exactly what the declaration permits")
    assert said[2] == "sentences: 4 of 4 hold"


def test_a_rule_that_nobody_declared_is_shown_with_its_packet(hosts, capsys):
    with (hosts / "fw1.nft").open("a") as file:
        file.write('insert rule inet shoko forward ip saddr 192.0.2.99 tcp dport 22 accept comment "by hand"\n')
    assert prove("--host", "fw1") == 1
    said = capsys.readouterr().out
    assert "fw1 forward: tcp 192.0.2.99#40000 -> 0.0.0.0#22" in said
    assert '"by hand": accept' in said


def test_a_flushed_table_is_shown(hosts, capsys):
    (hosts / "srv2.nft").write_text("flush ruleset\n")
    assert prove("--host", "srv2") == 1
    assert "srv2 input: what no rule mentions: would pass" in capsys.readouterr().out


def test_a_host_that_forwards_and_is_no_gateway_is_shown(hosts, capsys):
    (hosts / "srv3.forwarding").write_text("1\n")
    assert prove("--host", "srv3") == 1
    assert "IPv6 forwarding is on, and this host is no gateway" in capsys.readouterr().out


def test_a_route_that_somebody_added_is_shown_with_who_can_be_addressed(hosts, capsys):
    with (hosts / "srv2.network").open("a") as file:
        file.write("ip route add 10.20.80.0/24 via 10.20.40.1 dev business metric 9\n")
    assert prove("--host", "srv2") == 1
    said = capsys.readouterr().out
    assert "srv2 routes: " in said
    assert "a route that no flow names: 10.20.80.0" in said


def test_what_is_enforced_past_nftables_leaves_a_host_unproved(hosts, capsys):
    with (hosts / "srv2.network").open("a") as file:
        file.write("tc qdisc add dev business clsact\n")
    assert prove() == 2
    said = capsys.readouterr().out
    assert "srv2: UNPROVED: business: tc handles its packets" in said
    assert "unproved: every way from, through or to srv2" in said


def test_layers_are_told_by_zones(hosts, capsys):
    assert prove("--layers") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["dmz", "webopac", "all", "all", "all", "none", "all"] in rows


def test_a_host_out_of_reach_is_unproved(hosts, capsys):
    (hosts / "srv1.nft").unlink()
    assert prove("--host", "srv1", "--host", "sw1") == 2
    said = capsys.readouterr().out
    assert "srv1: UNPROVED: cannot be read: connect to srv1: No route to host" in said
    assert "unproved: 1 of 2 hosts" in said


def test_an_open_window_is_no_difference_but_a_lasting_one_is(hosts, capsys):
    lab = declared(ROOT / "inventories" / "lab")
    bastion = slices(lab)["bas1"]
    (window,) = bastion["firewall"]["windows"]
    element = " . ".join(map(str, window["ipv4"][0]))
    for life, code in ((" timeout 1h", 0), ("", 1)):
        write(hosts, "bas1", bastion)
        with (hosts / "bas1.nft").open("a") as file:
            file.write(f"add element inet shoko open4 {{ {element}{life} }}\n")
        assert cli.main(["prove", "--static", "-i", "inventories/lab", "--host", "bas1"]) == code
    assert "in maint" in capsys.readouterr().out
