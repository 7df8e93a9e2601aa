"""The inventory plugin through Ansible itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shoko.declaration import load
from shoko.policy import slices
from shoko.policy.nft import TEMPLATE, ruleset

from .sites import declare, small

REPOSITORY = Path(__file__).resolve().parents[3]
TOUCHED = """
- hosts: rp1
  connection: local
  gather_facts: false
  become: false
  tasks:
    - ansible.builtin.assert:
        that: (shoko | shoko.core.slice_digest) == (inventory_hostname | shoko.core.slice_recorded)
"""
RENDER = """
- hosts: fw1,rp1
  connection: local
  gather_facts: false
  become: false
  tasks:
    - ansible.builtin.assert:
        that: (shoko | shoko.core.slice_digest) == (inventory_hostname | shoko.core.slice_recorded)
    - ansible.builtin.template:
        src: "{template}"
        dest: "{out}/{{{{ inventory_hostname }}}}.nft"
        mode: "0644"
"""


def ansible(tool, *arguments, **environment):
    return subprocess.run(
        [Path(sys.executable).with_name(tool), *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
    )  # fmt: skip


def hosts_of(folder, **environment):
    """What `ansible-inventory --list` says; it marks texts that are never templates, which is what we want of them."""
    return plain(json.loads(ansible("ansible-inventory", "-i", str(folder), "--list", **environment).stdout))


def plain(value):
    if isinstance(value, dict):
        return (
            value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else {k: plain(v) for k, v in value.items()}
        )
    return [plain(one) for one in value] if isinstance(value, list) else value


def write(folder, tree):
    (folder / "declaration").mkdir(exist_ok=True)
    (folder / "shoko.yml").write_text("plugin: shoko.core.declaration\ndeclaration: declaration\n")
    text = yaml.safe_dump(json.loads(json.dumps(tree)), allow_unicode=True, sort_keys=False)
    (folder / "declaration" / "all.yml").write_text(text)


@pytest.fixture
def site(tmp_path):
    write(tmp_path, small())
    return tmp_path


def test_hosts_groups_addresses_and_slices(site):
    listed = hosts_of(site, SHOKO_SSH_CONFIG="/x/config")
    variables = listed["_meta"]["hostvars"]
    assert list(listed["managed"]["hosts"]) == list(small()["hosts"])
    assert listed["databases"]["hosts"] == ["db1", "db2"]
    assert variables["fw1"]["ansible_host"] == "10.10.80.2"
    assert variables["fw1"]["ansible_user"] == "shoko"
    assert variables["fw1"]["ansible_ssh_common_args"] == "-F /x/config"
    assert "world" not in variables, "outside parties are not managed"
    for name, content in slices(declare(small())).items():
        assert {**variables[name]["shoko"], "declaration_digest": "", "digest": ""} == {
            **content, "declaration_digest": "", "digest": ""}  # fmt: skip


def test_a_site_other_than_the_lab_uses_the_users_own_ssh(site, monkeypatch):
    monkeypatch.delenv("SHOKO_SSH_CONFIG", raising=False)  # the tests' own lab sets it for its hosts
    listed = hosts_of(site)
    assert "ansible_ssh_common_args" not in listed["_meta"]["hostvars"]["fw1"]


def test_a_broken_declaration_ends_the_run_with_its_mistakes(site):
    tree = small()
    tree["flows"]["citizen"]["to"] = {"vip": "nowhere"}
    tree["hosts"]["db1"]["legs"]["data"]["segment"] = "data.cellar"
    write(site, tree)
    done = ansible("ansible-inventory", "-i", str(site), "--list")
    assert done.returncode != 0
    said = done.stderr
    assert "nowhere" in said
    assert "data.cellar" in said
    assert "all.yml:" in said
    assert "Traceback" not in said


def test_a_touched_slice_is_noticed_though_its_digest_fits(site):
    (site / "play.yml").write_text(TOUCHED)
    forged = slices(declare(small()))["db1"]
    done = ansible("ansible-playbook", "-i", str(site / "shoko.yml"), str(site / "play.yml"),
                   "-e", json.dumps({"shoko": forged}))  # fmt: skip
    assert done.returncode == 2
    assert "Assertion failed" in done.stdout


def test_a_declared_slice_is_taken_and_rendered_to_the_same_bytes_as_by_the_package(site):
    (site / "play.yml").write_text(RENDER.format(template=TEMPLATE, out=site))
    done = ansible("ansible-playbook", "-i", str(site / "shoko.yml"), str(site / "play.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    declaration = load(site)
    for name in ("fw1", "rp1"):
        assert (site / f"{name}.nft").read_text() == ruleset(slices(declaration)[name])
