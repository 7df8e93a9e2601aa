"""The controller's half of `files`, by a real ansible-playbook over a local connection."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set, which only root may")


@pytest.fixture
def play(tmp_path):
    """Return a function that runs a role's task; gives the registered results per host and the output."""
    for folder in ("roles/r/templates/part", "roles/r/files", "roles/r/tasks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tree").mkdir()
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")

    def run(files, *options, hosts=("a",), rc=0, **more):
        task = {"part": "r", "files": files, "state_dir": f"{tmp_path}/{{{{ inventory_hostname }}}}/state", **more}
        book = [
            {"name": "Apply", "shoko.core.files": task, "register": "result", "notify": "Said"},
            {"name": "Keep", "ansible.builtin.copy": {
                "content": "{{ result }}", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.json", "mode": "0600",
            }, "check_mode": False, "diff": False},
        ]  # fmt: skip
        (tmp_path / "roles/r/tasks/main.yml").write_text(yaml.safe_dump(book))
        handler = {"name": "Said", "ansible.builtin.debug": {"msg": "owed {{ result.due.restart | join }}"}}
        plays = [{"hosts": "all", "gather_facts": False, "roles": ["r"], "handlers": [handler]}]
        (tmp_path / "site.yml").write_text(yaml.safe_dump(plays))
        done = subprocess.run(
            [str(ANSIBLE), "-i", ",".join(hosts) + ",", "-c", "local", "site.yml", *options],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**os.environ,
                 "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                 "ANSIBLE_CONFIG": f"{tmp_path}/ansible.cfg", "ANSIBLE_NOCOLOR": "1"},
        )  # fmt: skip
        run.output = done.stdout + done.stderr
        assert done.returncode == rc, run.output
        return [json.loads((tmp_path / f"{host}.json").read_text()) for host in hosts] if rc == 0 else []

    run.role, run.tree = tmp_path / "roles/r", tmp_path / "tree"
    return run


def test_templates_render_as_the_builtin_would_and_once_per_host(play):
    (play.role / "templates/main.j2").write_text("{% for n in numbers %}\n{{ n }} {{ word }}\n{% endfor %}\n"
                                                 "{% include 'part/inner.j2' %}{{ inventory_hostname }}\n")  # fmt: skip
    (play.role / "templates/part/inner.j2").write_text("inner\n")
    (play.role / "files/raw").write_bytes(bytes(range(256)))
    folder = f"{play.tree}/{{{{ inventory_hostname }}}}"
    wanted = [
        {
            "path": f"{folder}/main",
            "template": "main.j2",
            "vars": {"numbers": [1, 2], "word": "é"},
            "restart": ["nginx"],
        },
        {"path": f"{folder}/raw", "source": "raw", "mode": "0600"},
        {"path": f"{folder}/text", "content": "{{ 'a' ~ 'b' }}"},
    ]
    first = play(wanted, hosts=("a", "b"))
    assert [result["changed"] for result in first] == [True, True]
    assert (play.tree / "b/main").read_text() == "1 é\n2 é\ninnerb\n", (
        "an included file's last line break goes, as everywhere in Ansible"
    )
    assert (play.tree / "a/raw").read_bytes() == bytes(range(256))
    assert (play.tree / "a/text").read_text() == "ab"
    assert play.output.count("owed nginx") == 2
    second = play(wanted, hosts=("a", "b"))
    assert [(result["changed"], result["files"]) for result in second] == [(True, []), (True, [])], "still due"


def test_check_mode_shows_the_diff_but_no_secret_not_even_verbosely(play):
    wanted = [
        {"path": f"{play.tree}/key", "content": "hush-hush", "secret": True},
        {"path": f"{play.tree}/open", "content": "shown\n"},
    ]
    play(wanted, "--check", "--diff", "-vvv")
    assert "+shown" in play.output
    assert "secret, content not shown" in play.output
    assert "hush-hush" not in play.output.replace(str(play.role), "")
    assert list(play.tree.iterdir()) == []


def test_what_cannot_be_rendered_names_the_file_and_touches_nothing(play):
    (play.role / "templates/undefined.j2").write_text("{{ nobody_defined_this }}\n")
    cases = {
        "a": ({"template": "undefined.j2"}, "undefined.j2"),
        "b": ({"template": "missing.j2"}, "missing.j2"),
        "c": ({"content": {"a": 1}}, "content: is a mapping, must be text"),
        "d": ({"content": "x", "mod": "0644"}, "unknown key mod"),
    }
    good = {"path": f"{play.tree}/good", "content": "x"}
    (play.role / "vars").mkdir()
    lists = {host: [good, {"path": f"{play.tree}/bad", **entry}] for host, (entry, _) in cases.items()}
    (play.role / "vars/main.yml").write_text(yaml.safe_dump({"r_lists": lists}))
    play("{{ r_lists[inventory_hostname] }}", hosts=tuple(cases), rc=2)
    for host, (_, words) in cases.items():
        line = next(line for line in play.output.splitlines() if line.startswith(f"fatal: [{host}]"))
        assert words in line
        assert f"{play.tree}/bad" in line
    assert list(play.tree.iterdir()) == []


def test_an_unknown_option_is_refused(play):
    play([], rc=2, validates=[])
    assert "unknown option validates" in play.output
