"""Day 0: what the installer leaves, from the lab's declaration."""

import argparse
import hashlib
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ansible_collections.shoko.core.plugins.module_utils.firewall_permits import difference
from shoko.bootstrap import BootstrapError, KeyPair, Keys, commands, ensure_keys, render
from shoko.bootstrap.sheet import fingerprint
from shoko.bootstrap.write import write
from shoko.declaration import load
from shoko.declaration.build import build
from shoko.declaration.reader import read
from shoko.policy import slices

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = REPOSITORY / "inventories" / "lab"
FAKE = KeyPair(b"PRIVATE", "ssh-ed25519 AAAA")


@pytest.fixture(scope="module")
def declaration():
    return load(LAB)


@pytest.fixture(scope="module")
def keys(declaration, tmp_path_factory):
    return ensure_keys(tmp_path_factory.mktemp("keys"), declaration.hosts)


@pytest.fixture(scope="module")
def rendered(declaration, keys):
    return render(declaration, keys)


def changed(change):
    """The lab's declaration after a change of its plain tree, unchecked."""
    tree = yaml.safe_load(yaml.safe_dump(dict(read(LAB / "declaration").tree)))
    change(tree)
    return build(tree)


def content(day_zero, path):
    found = [file.content.decode() for file in day_zero.files if file.path == path]
    assert len(found) == 1, path
    return found[0]


def paths(day_zero):
    return [file.path for file in day_zero.files]


def test_every_managed_host_has_a_way_in(rendered, declaration, keys):
    assert list(rendered) == list(declaration.hosts)
    for name, day_zero in rendered.items():
        assert keys.controller.public in content(day_zero, "/etc/ssh/authorized_keys/shoko")
        assert content(day_zero, "/etc/ssh/ssh_host_ed25519_key").encode() == keys.hosts[name].private
        assert content(day_zero, "/etc/hostname") == f"{name}\n"
        assert {"nftables.service", "ssh.service", "systemd-networkd.service"} <= set(day_zero.enable)
        assert {path.rsplit("/", 1)[1] for path, _target in day_zero.links} == set(day_zero.enable)
        assert len(set(paths(day_zero))) == len(day_zero.files), "two contents for one path"


def test_the_controllers_key_is_on_the_controller_alone(rendered, keys):
    having = {
        name for name, day_zero in rendered.items() if any(f.content == keys.controller.private for f in day_zero.files)
    }
    assert having == {"ctl1"}
    for day_zero in rendered.values():
        for file in day_zero.files:
            if b"PRIVATE KEY" in file.content:
                assert file.secret, file.path


def test_no_shared_address_exists_on_day_zero(rendered, declaration):
    shared = {str(a) for vip in declaration.vips.values() for a in (vip.ipv4, vip.ipv6) if a}
    shared |= {str(declaration.gateway_vip(name, f)) for name in declaration.segments for f in ("ipv4", "ipv6")}
    for name, day_zero in rendered.items():
        text = "\n".join(file.content.decode() for file in day_zero.files)
        used = set(re.findall(r"[0-9a-f.:]+", text)) & shared
        assert used == set(), name


def test_a_host_gets_its_management_leg_and_a_way_to_the_controller_only(rendered):
    networks = [path for path in paths(rendered["app1"]) if path.endswith(".network")]
    assert networks == ["/etc/systemd/network/10-business.network"]
    text = content(rendered["app1"], networks[0])
    assert re.findall(r"^Address=(.*)", text, re.M) == ["10.10.40.11/24", "fd5e:c0:0:40::11/64"]
    assert re.findall(r"^Destination=(.*)", text, re.M) == ["10.10.80.10/32", "fd5e:c0:0:80::10/128"]
    assert re.findall(r"^Gateway=(.*)", text, re.M) == ["10.10.40.2", "fd5e:c0:0:40::2"]


def test_the_controller_has_a_way_to_every_management_leg(rendered, declaration):
    text = content(rendered["ctl1"], "/etc/systemd/network/10-mgmt.network")
    ways = set(re.findall(r"^Destination=(.*)", text, re.M))
    for host in declaration.hosts.values():
        segment = declaration.segments[host.manage_leg.segment]
        if segment.name != "management.servers":
            assert {str(segment.ipv4), str(segment.ipv6)} <= ways
    assert "203.0.113.0/28" not in ways


def test_gateways_get_every_leg_and_forward_only_after_a_ruleset_stands(rendered, declaration):
    networks = {path for path in paths(rendered["fw2"]) if path.endswith(".network")}
    assert len(networks) == len(declaration.hosts["fw2"].legs)
    assert "Address=203.0.113.3/28" in content(rendered["fw2"], "/etc/systemd/network/10-line.network")
    unit = content(rendered["fw1"], "/etc/systemd/system/nftables.service.d/shoko.conf")
    assert "ExecStop=\n" in unit
    assert "ExecStartPost=" in unit
    assert "ExecStartPost=" not in content(rendered["rp1"], "/etc/systemd/system/nftables.service.d/shoko.conf")
    assert "net.ipv4.ip_forward = 0" in content(rendered["rp1"], "/etc/sysctl.d/60-shoko-network.conf")


def test_day_zero_rulesets_load_and_name_ssh_alone(rendered):
    for name in ("ctl1", "fw1", "app1", "sw1"):
        text = content(rendered[name], "/etc/nftables.conf")
        done = subprocess.run(
            ["unshare", "--net", "nft", "-f", "-"], input=text * 2, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert set(re.findall(r" \. (\d+)(?=[ ,])", text)) <= {"22"}
    assert "ct state new" not in content(rendered["ctl1"], "/etc/nftables.conf").split("chain output")[0]
    assert 'iifname "mgmt" oifname "data" ip saddr . ip daddr . tcp dport { 10.10.80.10 . 10.10.50.11 . 22' in content(
        rendered["fw1"], "/etc/nftables.conf")  # fmt: skip


def test_the_record_of_day_zero_says_what_its_ruleset_permits(rendered):
    for name, day_zero in rendered.items():
        text = content(day_zero, "/etc/nftables.conf")
        record = json.loads(content(day_zero, "/var/lib/shoko/firewall/confirmed.json"))
        assert record["digest"] == hashlib.sha256(text.encode()).hexdigest()
        assert record["tables"] == re.findall(r"^table (.*) \{", text, re.M)
        said = {(one["chain"], source, destination, port) for one in record["permits"]
                for _family, _protocol, port, source, destination in one["ways"]}  # fmt: skip
        ruled = {
            (chain, source, destination, int(port))
            for chain, body in re.findall(r"^  chain (\w+) \{(.*?)^  \}", text, re.M | re.S)
            for source, destination, port in re.findall(r"(\S+) \. (\S+) \. (\d+)", body)
        }
        assert said == ruled, name


def test_what_day_zero_permits_is_not_new_in_the_first_plan(rendered, declaration):
    for name, content_of in slices(declaration).items():
        day_zero = json.loads(content(rendered[name], "/var/lib/shoko/firewall/confirmed.json"))["permits"]
        permitted, denied = difference(day_zero, content_of["firewall"]["permits"])
        assert denied == []
        assert {one["flow"] for one in permitted} & {"manage", "day-0:manage"} == set()
        assert permitted, name


def test_the_switch_gets_its_vlans_once_and_in_one_transaction(rendered):
    script = content(rendered["sw1"], "/usr/local/sbin/shoko-switch-day0")
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert "ovs-vsctl br-exists br0 && exit 0" in script
    assert script.count("exec ovs-vsctl") == 1
    for words in (
        "add-port br0 app1.webopac vlan_mode=access tag=30",
        "add-port br0 provider.line vlan_mode=access tag=10",
        "add-port br0 mgmt tag=80 -- set interface mgmt type=internal",
    ):
        assert words in script
    assert "shoko-switch-day0.service" in rendered["sw1"].enable
    assert "/usr/local/sbin/shoko-switch-day0" not in paths(rendered["rp1"])


def test_a_switch_of_another_make_is_left_to_paper():
    declared = changed(lambda tree: tree["switches"]["sw1"].update(driver="cisco_ios"))
    keys = Keys(FAKE, dict.fromkeys(declared.hosts, FAKE))
    assert "/usr/local/sbin/shoko-switch-day0" not in paths(render(declared, keys)["sw1"])


def test_a_declared_card_is_named_after_its_leg():
    declared = changed(lambda tree: tree["hosts"]["rp1"]["legs"]["dmz"].update(nic={"mac": "52:54:00:20:00:21"}))
    text = content(
        render(declared, Keys(FAKE, dict.fromkeys(declared.hosts, FAKE)))["rp1"], "/etc/systemd/network/10-dmz.link"
    )
    assert "PermanentMACAddress=52:54:00:20:00:21" in text
    assert "Name=dmz" in text


def test_a_site_without_a_controller_is_refused():
    declared = changed(lambda tree: tree["hosts"]["ctl1"].update(groups=["monitors"]))
    with pytest.raises(BootstrapError, match="none is in the group control"):
        render(declared, Keys(FAKE, dict.fromkeys(declared.hosts, FAKE)))


def test_a_missing_host_key_is_refused(declaration, keys):
    with pytest.raises(BootstrapError, match="no host key for"):
        render(declaration, Keys(keys.controller, {}))


def test_keys_are_made_once_private_and_kept(tmp_path):
    first = ensure_keys(tmp_path / "keys", ["a", "b"])
    again = ensure_keys(tmp_path / "keys", ["a", "b", "c"])
    assert first.controller == again.controller
    assert first.hosts["a"] == again.hosts["a"]
    assert again.hosts["c"] not in (again.hosts["a"], again.hosts["b"])
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "hosts" / "a").stat().st_mode & 0o777 == 0o600
    load_ssh_private_key(again.hosts["c"].private, password=None)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "keys" / "hosts" / "a.pub"],
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert fingerprint(again.hosts["a"].public) in listed


def test_a_damaged_key_is_named(tmp_path):
    ensure_keys(tmp_path, ["a"])
    (tmp_path / "hosts" / "a").write_text("no key")
    with pytest.raises(BootstrapError, match="hosts/a: not an unencrypted OpenSSH private key"):
        ensure_keys(tmp_path, ["a"])


def test_the_command_writes_all_and_a_second_run_writes_the_same(tmp_path, declaration, capsys):
    out = tmp_path / "day0"
    options = argparse.Namespace(inventory=LAB, out=out, keys=None)
    assert commands.run(options) == 0
    before = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert commands.run(options) == 0
    assert before == {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "day-0 archives of 23 hosts" in capsys.readouterr().out
    with tarfile.open(fileobj=io.BytesIO(before[Path("hosts/rp1.tar")])) as tar:
        names = set(tar.getnames())
        assert tar.getmember("etc/ssh/ssh_host_ed25519_key").mode == 0o600
        assert tar.getmember("etc/systemd/system/multi-user.target.wants/ssh.service").issym()
    assert "etc/nftables.conf" in names
    assert not any(name.startswith("/") for name in names)
    preseed = before[Path("preseed/rp1.cfg")].decode()
    assert "d-i netcfg/get_ipaddress string 198.51.100.21\n" in preseed
    assert "d-i netcfg/get_gateway string 198.51.100.18\n" in preseed
    assert "get_gateway" not in before[Path("preseed/fw1.cfg")].decode()
    sheet = before[Path("sheet.ja.html")].decode()
    for host in declaration.hosts:
        assert f"<strong>{host}</strong>" in sheet
    assert "PRIVATE KEY" not in sheet


def test_ssh_understands_the_configuration(tmp_path, declaration):
    write(declaration, tmp_path, None)
    done = subprocess.run(
        ["ssh", "-G", "-F", tmp_path / "ssh_config", "app1"], capture_output=True, text=True, check=True
    )
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert said["hostname"] == "10.10.40.11"
    assert said["user"] == "shoko"
    assert said["hostkeyalias"] == "app1"
    assert said["stricthostkeychecking"] == "true"
    assert said["identityfile"] == str(tmp_path / "keys" / "controller")
    found = subprocess.run(
        ["ssh-keygen", "-F", "app1", "-f", tmp_path / "known_hosts"], capture_output=True, check=False
    )
    assert found.returncode == 0


def test_private_keys_never_come_into_git(declaration, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(BootstrapError, match="lies in a git work tree"):
        write(declaration, tmp_path / "deep" / "out", None)
    (tmp_path / ".gitignore").write_text("/build/\n")
    assert write(declaration, tmp_path / "build" / "out", None)
