"""The host's half of `files`, run for real in a temporary directory."""

import os
import stat

import pytest

from ansible_collections.shoko.core.plugins.module_utils import file_work, tree_apply
from ansible_collections.shoko.core.plugins.module_utils.entries import make_entry, source_of
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks
from ansible_collections.shoko.core.plugins.module_utils.payload import pack
from ansible_collections.shoko.core.plugins.module_utils.task import Task
from ansible_collections.shoko.core.plugins.module_utils.tree_plan import awaited

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set, which only root may")


@pytest.fixture
def host(tmp_path):
    """Return a function that runs the module: ``host(entries, part=…, validate=…, check=…)``."""
    (tmp_path / "tree").mkdir()

    def run(raws, *, part="web", validate=(), check=False, diff=False):
        entries = []
        for raw in raws:
            source = source_of(raw, 0)
            entries.append(make_entry(raw, source, str(raw.get("content", "")).encode()))
        params = {
            "part": part, "state_dir": str(tmp_path / "state"), "payload": pack(entries), "validate": list(validate),
        }  # fmt: skip
        return file_work.work(Task(params, check, diff))

    run.tree = tmp_path / "tree"
    run.marks = Marks(str(tmp_path / "state"))
    return run


def changes(result):
    return {os.path.basename(row["path"]): row["change"] for row in result["files"]}


def leftovers(tree):
    return [path.name for path in tree.rglob("*") if "shoko" in path.name]


def test_first_run_writes_second_changes_nothing(host):
    wanted = [
        {"path": f"{host.tree}/a/b/one.conf", "content": "1\n", "mode": "0600", "owner": "nobody"},
        {"path": f"{host.tree}/link", "link": "a/b"},
        {"path": f"{host.tree}/empty", "directory": True, "mode": "0750"},
    ]
    first = host(wanted)
    assert changes(first) == {"a": "create", "b": "create", "one.conf": "create", "link": "create", "empty": "create"}
    one = host.tree / "a/b/one.conf"
    assert (one.read_text(), stat.S_IMODE(one.stat().st_mode), one.owner()) == ("1\n", 0o600, "nobody")
    assert os.readlink(host.tree / "link") == "a/b"
    assert stat.S_IMODE((host.tree / "empty").stat().st_mode) == 0o750
    assert host(wanted) == {"changed": False, "files": [], "due": {"restart": [], "reload": []}, "not_validated": []}
    assert leftovers(host.tree) == []


def test_check_mode_predicts_what_the_run_does_and_touches_nothing(host):
    wanted = [{"path": f"{host.tree}/deep/er/x", "content": "x", "restart": ["nginx"]}]
    predicted = host(wanted, check=True)
    assert list(host.tree.iterdir()) == []
    assert host.marks.due("web") == {"restart": [], "reload": []}
    real = host(wanted)
    assert predicted["files"] == real["files"]
    assert predicted["due"] == real["due"] == {"restart": ["nginx"], "reload": []}


class TestPackage:
    """What a package will have brought before the real run writes; check mode comes before the package."""

    def wanted(self, tree):
        return [
            {"path": f"{tree}/d", "directory": True, "package": "shoko-not-there"},
            {"path": f"{tree}/etc/a.conf", "content": "a"},
            {"path": f"{tree}/etc/b.conf", "content": "b", "package": "shoko-not-there", "restart": ["b"]},
        ]

    def test_check_mode_predicts_what_the_run_after_the_package_does(self, host):
        predicted = host(self.wanted(host.tree), check=True)
        assert changes(predicted) == {"a.conf": "create", "b.conf": "modify"}
        assert predicted["files"][1]["note"] == "package shoko-not-there absent"
        (host.tree / "d").mkdir()
        (host.tree / "etc").mkdir()
        (host.tree / "etc/b.conf").write_text("as the package has it")
        real = host(self.wanted(host.tree))
        assert changes(real) == changes(predicted)
        assert real["due"] == predicted["due"]

    def test_checkers_of_such_a_file_are_not_run(self, host):
        checker = [{"command": ["false"], "when": None}]
        result = host(self.wanted(host.tree), check=True, validate=checker)
        assert result["not_validated"] == ["false: package shoko-not-there absent"]

    def test_a_run_does_not_wait_for_a_package(self, host):
        assert changes(host(self.wanted(host.tree)))["b.conf"] == "create"

    @pytest.mark.parametrize("name", ["web.list", "web:amd64.list"])
    def test_an_installed_package_brings_nothing_more(self, tmp_path, name):
        raw = {"path": f"{tmp_path}/etc/web.conf", "content": "x", "package": "web"}
        entries = [make_entry(raw, "content", b"x")]
        assert awaited(entries, str(tmp_path)) >= {f"{tmp_path}/etc/web.conf", f"{tmp_path}/etc"}
        (tmp_path / name).touch()
        assert awaited(entries, str(tmp_path)) == set()


def test_check_mode_notes_an_owner_that_is_yet_to_come_and_a_run_refuses_it(host):
    wanted = [{"path": f"{host.tree}/x", "content": "x", "owner": "shoko-not-there"}]
    assert host(wanted, check=True)["files"][0]["note"] == "owner shoko-not-there absent"
    with pytest.raises(HostError, match="owner shoko-not-there absent"):
        host(wanted)
    assert not (host.tree / "x").exists()


def test_rights_alone_are_their_own_kind_of_change(host):
    wanted = [{"path": f"{host.tree}/x", "content": "x"}]
    host(wanted)
    (host.tree / "x").chmod(0o666)
    assert changes(host(wanted)) == {"x": "mode"}
    assert stat.S_IMODE((host.tree / "x").stat().st_mode) == 0o644


def test_what_is_no_longer_listed_goes_and_what_others_put_there_stays(host):
    host(
        [{"path": f"{host.tree}/d/x", "content": "x", "reload": ["ssh"]}, {"path": f"{host.tree}/keep", "content": "k"}]
    )
    (host.tree / "d/foreign").write_text("a person's")
    result = host([{"path": f"{host.tree}/keep", "content": "k"}])
    assert changes(result) == {"x": "remove"}
    assert result["due"] == {"restart": [], "reload": ["ssh"]}
    assert (host.tree / "d/foreign").exists()
    (host.tree / "d/foreign").unlink()
    assert changes(host([{"path": f"{host.tree}/keep", "content": "k"}])) == {"d": "remove"}
    assert not (host.tree / "d").exists()


def test_a_directory_goes_with_what_was_in_it_or_both_stay(host):
    """As the drop-in of a unit that is no longer declared."""
    wanted = [{"path": f"{host.tree}/unit.d/deep/sandbox.conf", "content": "x"}]
    host(wanted)
    with pytest.raises(HostError, match="false"):
        host([], validate=[{"command": ["false"]}])
    assert (host.tree / "unit.d/deep/sandbox.conf").read_text() == "x"
    assert leftovers(host.tree) == []
    predicted = host([], check=True)
    assert changes(predicted) == {"sandbox.conf": "remove", "deep": "remove", "unit.d": "remove"}
    assert host([])["files"] == predicted["files"]
    assert list(host.tree.iterdir()) == []


def test_two_parts_never_keep_one_path_but_share_directories(host):
    host([{"path": f"{host.tree}/d", "directory": True}, {"path": f"{host.tree}/d/x", "content": "x"}])
    with pytest.raises(HostError, match="belongs to part web"):
        host([{"path": f"{host.tree}/d/x", "content": "y"}], part="other")
    host([{"path": f"{host.tree}/d", "directory": True}, {"path": f"{host.tree}/d/y", "content": "y"}], part="other")
    assert changes(host([])) == {"x": "remove"}
    assert (host.tree / "d/y").exists()


def test_absent_removes_what_a_package_left(host):
    (host.tree / "default").write_text("debian")
    result = host([{"path": f"{host.tree}/default", "absent": True, "reload": ["nginx"]}])
    assert changes(result) == {"default": "remove"}
    assert result["due"]["reload"] == ["nginx"]
    host.marks.clear("nginx")
    assert host([{"path": f"{host.tree}/default", "absent": True, "reload": ["nginx"]}])["changed"] is False


def test_a_directory_in_the_way_is_an_error_not_a_deletion(host):
    (host.tree / "x").mkdir()
    with pytest.raises(HostError, match="is a directory on the host, file is wanted"):
        host([{"path": f"{host.tree}/x", "content": "x"}])


def test_a_mark_of_a_failed_run_makes_the_next_run_a_change(host):
    wanted = [{"path": f"{host.tree}/x", "content": "x", "restart": ["nginx"]}]
    host(wanted)
    again = host(wanted)  # the handler never came
    assert (again["changed"], again["files"], again["due"]["restart"]) == (True, [], ["nginx"])
    assert host([], part="other")["changed"] is False
    host.marks.clear("nginx.service")
    assert host(wanted)["changed"] is False


def test_restart_includes_reload(host):
    result = host([
        {"path": f"{host.tree}/a", "content": "x", "restart": ["nginx"]},
        {"path": f"{host.tree}/b", "content": "x", "reload": ["nginx.service", "ssh"]},
    ])  # fmt: skip
    assert result["due"] == {"restart": ["nginx"], "reload": ["ssh"]}


def test_an_error_in_the_middle_puts_everything_back(host, monkeypatch):
    host([{"path": f"{host.tree}/a", "content": "old"}, {"path": f"{host.tree}/gone", "content": "old"}])
    real, calls = os.replace, []

    def failing(source, target):
        if str(target).endswith("/tree/z"):
            raise OSError(28, "No space left on device", str(target))
        calls.append(target)
        return real(source, target)

    monkeypatch.setattr(tree_apply.os, "replace", failing)
    with pytest.raises(HostError, match=r"tree/z: No space left on device; everything was put back"):
        host([
            {"path": f"{host.tree}/a", "content": "new", "restart": ["nginx"]},
            {"path": f"{host.tree}/new/b", "content": "new"},
            {"path": f"{host.tree}/z", "content": "new"},
        ])  # fmt: skip
    assert any(str(target).endswith("/tree/a") for target in calls), "a was replaced before z failed"
    assert sorted(path.name for path in host.tree.rglob("*")) == ["a", "gone"]
    assert (host.tree / "a").read_text() == "old"
    assert host.marks.due("web") == {"restart": [], "reload": []}


def test_a_full_disk_changes_nothing(host, sandbox):
    def work():
        os.system(f"mount -t tmpfs -o size=64k small {host.tree}")  # noqa: S605
        host([{"path": f"{host.tree}/a", "content": "old"}])
        big = [{"path": f"{host.tree}/a", "content": "new"}, {"path": f"{host.tree}/b", "content": "x" * 200_000}]
        with pytest.raises(HostError, match="No space left on device; everything was put back"):
            host(big)
        return {path.name: path.read_text() for path in host.tree.iterdir()}

    assert sandbox(work) == {"a": "old"}


def test_a_killed_run_is_swept_up_by_the_next(host):
    wanted = [{"path": f"{host.tree}/a", "content": "new"}]

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_apply.os, "replace", lambda new, path: die() if path.endswith("/a") else real(new, path))
        real = os.rename
        with pytest.raises(Killed):
            host(wanted)
    assert leftovers(host.tree) == [".a.shoko-new"]
    host(wanted)
    assert leftovers(host.tree) == []
    assert (host.tree / "a").read_text() == "new"


def test_secrets_and_binaries_stay_out_of_diffs(host):
    result = host(
        [
            {"path": f"{host.tree}/key", "content": "hush", "secret": True},
            {"path": f"{host.tree}/bin", "content": "a\0b"},
            {"path": f"{host.tree}/text", "content": "shown\n"},
        ],
        check=True, diff=True,
    )  # fmt: skip
    assert "hush" not in str(result)
    shown = {row.get("after_header", "prepared"): row for row in result["diff"]}
    assert shown[f"{host.tree}/text"]["after"] == "shown\n"
    assert any("secret, content not shown" in row.get("prepared", "") for row in result["diff"])
    assert any("not text" in row.get("prepared", "") for row in result["diff"])


@pytest.mark.parametrize("later", [{"absent": True}, {"content": "open", "secret": False}])
def test_what_was_secret_stays_secret_in_other_words(host, later):
    host([{"path": f"{host.tree}/key", "content": "hush", "secret": True}])
    assert "hush" not in str(host([{"path": f"{host.tree}/key", **later}], diff=True))


def test_a_removed_secret_stays_secret(host):
    host([{"path": f"{host.tree}/key", "content": "hush", "secret": True}])
    assert "hush" not in str(host([], check=True, diff=True))


class TestCheckers:
    """The product's own checker sees the whole new tree at its real paths, and the host sees nothing of it."""

    def test_it_sees_new_and_old_files_together_and_can_refuse(self, host):
        host([{"path": f"{host.tree}/c/old", "content": "old\n"}])
        command = [
            "sh",
            "-c",
            f"cat {host.tree}/c/* > {host.tree}/seen; ls {host.tree}/gone; cat {host.tree}/seen >&2; exit 3",
        ]
        with pytest.raises(HostError, match=r"refuses the new files, nothing was changed: .*new \| old"):
            host(
                [
                    {"path": f"{host.tree}/c/old", "content": "old\n"},
                    {"path": f"{host.tree}/c/new", "content": "new\n"},
                ],
                validate=[{"command": command, "when": None}],
            )
        assert sorted(path.name for path in host.tree.rglob("*")) == ["c", "old"], "nothing of the trial is left"

    def test_it_sees_removals(self, host):
        host([{"path": f"{host.tree}/c/old", "content": "old\n"}, {"path": f"{host.tree}/c/x", "content": "x"}])
        with pytest.raises(HostError, match="refuses"):
            host([{"path": f"{host.tree}/c/x", "content": "x"}],
                 validate=[{"command": ["test", "-e", f"{host.tree}/c/old"], "when": None}])  # fmt: skip
        assert (host.tree / "c/old").exists()

    def test_it_runs_only_for_its_paths(self, host):
        never = [{"command": ["false"], "when": ["/etc/nginx"]}]
        assert host([{"path": f"{host.tree}/x", "content": "x"}], validate=never)["changed"]

    def test_a_neighbour_is_not_below_a_prefix(self, host):
        never = [{"command": ["false"], "when": [f"{host.tree}/ab"]}]
        assert host([{"path": f"{host.tree}/abc", "content": "x"}], validate=never)["changed"]

    def test_an_absent_checker_is_said_not_run(self, host):
        absent = [{"command": ["shoko-no-such-checker", "-t"], "when": None}]
        assert host([{"path": f"{host.tree}/x", "content": "x"}], validate=absent)["not_validated"] == [
            "shoko-no-such-checker absent"
        ]

    def test_in_check_mode_a_file_to_come_is_not_a_refusal(self, host):
        missing = [{"command": ["cat", f"{host.tree}/certificate"], "when": None}]
        result = host([{"path": f"{host.tree}/x", "content": "x"}], validate=missing, check=True)
        assert "an earlier task may bring" in result["not_validated"][0]
        with pytest.raises(HostError, match="refuses"):
            host([{"path": f"{host.tree}/x", "content": "x"}], validate=missing)

    def test_mounts_below_a_touched_directory_stay_visible(self, host, sandbox):
        def work():
            inner = host.tree / "c/mounted"
            inner.mkdir(parents=True)
            os.system(f"mount -t tmpfs inner {inner} && echo here > {inner}/file")  # noqa: S605
            check = [{"command": ["grep", "-q", "here", f"{inner}/file"], "when": None}]
            return host([{"path": f"{host.tree}/c/x", "content": "x"}], validate=check)["changed"]

        assert sandbox(work)
