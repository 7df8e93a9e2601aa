"""The certificates task as a play runs it: a real ansible-playbook in a mount namespace of its own.

/etc and /var/lib are overlays over the machine's own inside that namespace, so that groups and files made by the
module exist there alone and are gone with it. Needs root, like the lab.
"""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoko.trust import Authority

ROOT = Path(__file__).resolve().parents[3]
HOST = {"name": "host", "purpose": "logs", "common_name": "rp1.shoko.internal", "names": ["rp1.shoko.internal"]}
HOST["addresses"] = ["198.51.100.21"]
DATA = {"name": "ils-public", "purpose": "data", "common_name": "ils_public", "names": [], "addresses": []}
FOLDERS = ["/etc/shoko", "/etc/shoko/certificates", "/etc/shoko/trust"]
ANCHORS = [f"/etc/shoko/trust/{name}.pem" for name in ("data", "entry", "ils", "logs", "root")]


class Machine:
    """A mount namespace with its own /etc and /var/lib, kept open by a sleeping process."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self._authority = authority
        (folder / "ansible.cfg").write_text("[defaults]\n")
        script = "set -e\n"
        for target in ("/etc", "/var/lib"):
            layer = folder / target.replace("/", "-")
            for part in ("up", "work"):
                (layer / part).mkdir(parents=True)
            options = f"lowerdir={target},upperdir={layer}/up,workdir={layer}/work"
            script += f"mount -t overlay overlay -o {options} {target}\n"
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", f"{script}echo up; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == "up\n"

    def close(self) -> None:
        """End the namespace."""
        self._keeper.kill()
        self._keeper.wait()

    def shell(self, command: str) -> str:
        """Run a shell line inside."""
        inside = ["nsenter", "--mount", "--target", str(self._keeper.pid), "sh", "-ec", command]
        return subprocess.run(inside, capture_output=True, text=True, check=True).stdout

    def converge(self, *certificates: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
        """Run the task and return its registered result (or its failure)."""
        arguments = {
            "ca_dir": str(self._authority.directory),
            "site": "town",
            "internal_domain": "shoko.internal",
            "host": "rp1",
            "groups": ["reverse_proxies"],
            "certificates": list(certificates),
            **more,
        }
        result = self._folder / "result.json"
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {"shoko.core.certificates": arguments, "register": "result", "ignore_errors": True},
                {
                    "ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(result), "mode": "0600"},
                    "check_mode": False,
                },
            ],
        }
        book = self._folder / "play.yml"
        book.write_text(yaml.safe_dump([play]))
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(book)]
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "tmp"),
            "PYTHONPATH": str(ROOT),
        }
        inside = ["nsenter", "--mount", "--target", str(self._keeper.pid), "--wd=" + str(ROOT)]
        run = [
            "sh",
            "-c",
            'umask 077; exec "$@"',
            "sh",
            *inside,
            *command,
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            *(["--check"] if check else []),
        ]
        done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, textwrap.shorten(done.stdout + done.stderr, 4000)
        loaded: dict[str, Any] = json.loads(result.read_text())
        return loaded


@pytest.fixture
def machine(tmp_path: Path, authority: Authority) -> Iterator[Machine]:
    """A machine that was never converged."""
    opened = Machine(tmp_path, authority)
    yield opened
    opened.close()


def paths(result: dict[str, Any]) -> list[str]:
    """The files a result speaks of."""
    return sorted(one["path"] for one in result["files"])


def test_first_run_writes_what_check_mode_predicted_and_the_second_nothing(machine: Machine) -> None:
    predicted = machine.converge(HOST, DATA, check=True)
    assert machine.shell("ls /etc/shoko 2>/dev/null || true") == ""
    first = machine.converge(HOST, DATA)
    assert first["changed"]
    assert paths(first) == paths(predicted)
    assert paths(first) == sorted([*FOLDERS, "/etc/shoko/certificates/host.pem",
                                   "/etc/shoko/certificates/ils-public.pem", *ANCHORS])  # fmt: skip
    second = machine.converge(HOST, DATA)
    assert not second["changed"], second
    assert second["files"] == []


def test_file_is_for_its_group_alone_whole_and_believed_by_its_purpose(machine: Machine) -> None:
    machine.converge(HOST, DATA)
    file = "/etc/shoko/certificates/ils-public.pem"
    assert machine.shell(f"stat -c '%U:%G %a' {file}") == "root:tls-ils-public 640\n"
    assert machine.shell("stat -c %a /etc/shoko /etc/shoko/certificates /etc/shoko/trust") == "755\n" * 3
    assert machine.shell("stat -c %a /var/lib/shoko/keys") == "700\n"
    assert machine.shell("ls /var/lib/shoko/keys") == "", "a key was left waiting"
    public = [f"openssl pkey -in {file} -pubout", f"openssl x509 -in {file} -noout -pubkey"]
    assert machine.shell(public[0]) == machine.shell(public[1])
    verify = f"openssl verify -no-CApath -no-CAstore -CAfile /etc/shoko/trust/{{}}.pem -untrusted {file} {file}"
    assert machine.shell(verify.format("data")).endswith(": OK\n")
    with pytest.raises(subprocess.CalledProcessError):
        machine.shell(verify.format("logs"))


def test_every_kind_of_damage_renews(machine: Machine) -> None:
    harm = {"edited": "echo x >> {}", "open": "chmod 644 {}", "lost": "rm {}", "foreign": "chgrp nogroup {}"}
    certificates = [{**HOST, "name": name} for name in (*harm, "whole")]
    machine.converge(*certificates)
    for name, command in harm.items():
        machine.shell(command.format(f"/etc/shoko/certificates/{name}.pem"))
    result = machine.converge(*certificates)
    assert paths(result) == sorted(f"/etc/shoko/certificates/{name}.pem" for name in harm)


def test_new_roles_renew(machine: Machine) -> None:
    machine.converge(HOST, groups=["monitors"])
    assert paths(machine.converge(HOST, groups=["monitors", "backups"])) == ["/etc/shoko/certificates/host.pem"]
    subject = machine.shell("openssl x509 -in /etc/shoko/certificates/host.pem -noout -subject -nameopt RFC2253")
    assert subject == "subject=CN=rp1.shoko.internal,OU=backups,OU=monitors,O=town\n"


def test_renewed_when_a_third_of_its_life_is_over(machine: Machine) -> None:
    certificates = [{**HOST, "name": "day9"}, {**HOST, "name": "day11"}]
    machine.converge(*certificates)
    record = json.loads(machine.shell("cat /var/lib/shoko/certificates.json"))
    for name, days in (("day9", 9), ("day11", 11)):
        for edge in ("begin", "end"):
            record[name][edge] -= days * 86400
    machine.shell(f"cat > /var/lib/shoko/certificates.json <<'END'\n{json.dumps(record)}\nEND")
    assert paths(machine.converge(*certificates)) == ["/etc/shoko/certificates/day11.pem"]


def test_what_is_no_longer_declared_is_gone(machine: Machine) -> None:
    machine.converge(HOST, DATA)
    result = machine.converge(HOST)
    assert result["files"] == [{"path": "/etc/shoko/certificates/ils-public.pem", "change": "remove"}]
    assert machine.shell("ls /etc/shoko/certificates") == "host.pem\n"
    assert machine.shell("getent group tls-ils-public || echo none") == "none\n"


def test_a_key_left_by_a_broken_run_is_used_up(machine: Machine) -> None:
    machine.shell("mkdir -p -m 700 /var/lib/shoko/keys")
    machine.shell(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /var/lib/shoko/keys/host.pem 2>/dev/null"
    )
    before = machine.shell("openssl pkey -in /var/lib/shoko/keys/host.pem -pubout")
    machine.converge(HOST)
    assert machine.shell("openssl pkey -in /etc/shoko/certificates/host.pem -pubout") == before
    assert machine.shell("ls /var/lib/shoko/keys") == ""


def test_no_authority_is_one_clear_line(machine: Machine, tmp_path: Path) -> None:
    result = machine.converge(HOST, ca_dir=str(tmp_path / "nowhere"))
    assert result["failed"]
    assert result["msg"].endswith("run `shoko trust init -i inventories/town`")


def test_a_name_the_authority_may_not_sign_is_refused(machine: Machine) -> None:
    result = machine.converge({**HOST, "names": ["bank.example"]})
    assert result["failed"]
    assert "may not sign 'bank.example'" in result["msg"]
    assert machine.shell("ls /etc/shoko/certificates 2>/dev/null || true") == ""


def test_changes_are_owed_to_running_units_only_until_they_are_told(machine: Machine) -> None:
    consumers = {"host": {"restart": ["dbus"], "reload": ["no-such-unit"]}}
    expected = {"restart": ["dbus"] if _active("dbus") else [], "reload": []}
    assert machine.converge(HOST, consumers=consumers)["due"] == expected
    again = machine.converge(HOST, consumers=consumers)
    assert again["due"] == expected
    assert again["changed"] is bool(expected["restart"]), "an unpaid mark must fire the handler again"


def _active(unit: str) -> bool:
    return subprocess.run(["systemctl", "is-active", "-q", unit], check=False).returncode == 0
