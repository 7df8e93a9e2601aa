"""The observer tells what a host holds, and never passes over what it could not read."""

import json
import subprocess
import sys
from importlib.resources import files

import pytest

from shoko.observe.visit import observation

SCRIPT = files("shoko.observe").joinpath("observer.py")
RULES = "table inet t { chain c { type filter hook input priority 0; policy drop; }; }"


def observed(before="true", path=None):
    """What the observer prints in an empty network of its own, after some commands there."""
    environment = {} if path is None else {"PATH": path}
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", f"ip link set lo up; {before}; exec env \"$@\"", "sh",
         *(f"{name}={value}" for name, value in environment.items()), sys.executable, "-I", str(SCRIPT)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_it_tells_rules_routes_and_who_forwards():
    page = observed(
        f"nft '{RULES}'; ip link add leg type veth peer far; ip address add 192.0.2.1/24 dev leg;"
        "ip link set leg up; ip link set far up;"
        "ip route add 198.51.100.0/24 dev leg; echo 1 >/proc/sys/net/ipv4/ip_forward"
    )
    found = observation(page)
    assert found.errors == {}
    assert any(item.get("chain", {}).get("policy") == "drop" for item in found.ruleset["nftables"])
    assert found.nft is not None
    assert "198.51.100.0/24" in [route["dst"] for route in found.routing["4"]["routes"]]
    assert found.forwarding == [4]
    assert {one["ifname"] for one in found.addresses} == {"lo", "leg", "far"}


def test_it_tells_who_listens_and_where():
    listen = (
        "import socket, time; a = socket.create_server(('127.0.0.1', 4321)); "
        "b = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); b.bind(('::', 5353)); time.sleep(600)"
    )
    # The shell becomes the observer, and the listener ends with it.
    page = observed(
        f'setpriv --pdeathsig KILL {sys.executable} -c "{listen}" >/dev/null 2>&1 & '
        "until ss -Hltn | grep -q :4321 && ss -Hlun | grep -q :5353; do kill -0 $!; sleep 0.1; done"
    )
    seen = {(one.protocol, one.address, one.port) for one in observation(page).listeners}
    assert ("tcp", "127.0.0.1", 4321) in seen
    assert {address for protocol, address, port in seen if (protocol, port) == ("udp", 5353)} in ({"*"}, {"::"})


def test_a_classifier_before_netfilter_is_told():
    page = observed("ip link add leg type veth peer far; tc qdisc add dev leg clsact")
    assert observation(page).classifiers == ("leg",)


def test_who_answers_for_others_is_told():
    page = observed(
        "ip link add leg type veth peer far; echo 1 >/proc/sys/net/ipv4/conf/leg/proxy_arp;"
        "ip neigh add proxy 2001:db8::9 dev far; ip neigh add proxy 192.0.2.9 dev far"
    )
    assert observation(page).proxying == ("proxy_arp of leg", "192.0.2.9 on far", "2001:db8::9 on far")


def test_what_cannot_be_read_is_an_error_and_not_nothing(tmp_path):
    (tmp_path / "nft").write_text("#!/bin/sh\necho 'no permission' >&2\nexit 1\n")
    (tmp_path / "nft").chmod(0o755)
    page = observed(path=f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    assert "ruleset" not in page
    assert page["errors"] == {"ruleset": "no permission"}
    assert observation(page).errors["ruleset"] == "no permission"


def test_an_answer_without_a_part_is_refused():
    page = observed()
    del page["legacy"]
    with pytest.raises(KeyError):
        observation(page)


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="format 3"):
        observation({**observed(), "format": 3})


def test_another_argument_is_refused():
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), "--write"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage" in done.stderr
