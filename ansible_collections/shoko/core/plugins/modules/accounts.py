#!/usr/bin/python
"""Groups, users and their SSH keys, in one call."""

from __future__ import annotations

import os
import re
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import account_files as files
from ansible_collections.shoko.core.plugins.module_utils import attempts
from ansible_collections.shoko.core.plugins.module_utils.commands import must, run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR, read_json, write_json

DOCUMENTATION = r"""
---
module: accounts
short_description: Keep groups, users and their SSH keys as listed
version_added: "0.1.0"
author: The Shoko authors
description:
  - Handles all groups and users of a role in one call; starts no program when nothing differs.
  - Only what is given is compared, except that a new account gets safe values for the rest.
  - With I(part), users and groups that the part once made and no longer lists are removed, their processes ended
    first. Home directories stay.
extends_documentation_fragment:
  - shoko.core.attempts
options:
  part:
    description: Owner of these accounts on the host; its list is C(/var/lib/shoko/accounts/<part>.json).
    type: str
  groups:
    description: Groups that must exist. They are made before the users.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Name., type: str, required: true}
      gid: {description: Number., type: int}
      system: {description: A system group if it is made., type: bool, default: true}
  users:
    description: Users.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Name., type: str, required: true}
      state: {description: There or not., type: str, choices: [present, absent], default: present}
      uid: {description: Number., type: int}
      system:
        description: A system user if it is made, without a login shell and without a home directory.
        type: bool
        default: true
      group: {description: Primary group. A new user gets one of the same name if it is not given., type: str}
      groups: {description: Supplementary groups., type: list, elements: str}
      append: {description: The user keeps other supplementary groups., type: bool, default: false}
      home: {description: Home directory., type: path}
      create_home: {description: The home directory is made with rights 0700., type: bool}
      shell: {description: Shell., type: path}
      comment: {description: Full name or purpose., type: str}
      password:
        description: Password hash of crypt(5), or V(!) for none. A new user has none.
        type: str
      last_day:
        description: Last day (YYYY-MM-DD, in UTC) on which the account is good, or an empty text for no end.
        type: str
      authorized_keys:
        description: Lines of C(~/.ssh/authorized_keys); no other key is left.
        type: list
        elements: str
  state_dir:
    description: Where the lists lie.
    type: path
    default: /var/lib/shoko
attributes:
  check_mode:
    support: full
    description: Predicts each action.
  diff_mode:
    support: full
    description: Names each action, never a password.
"""

EXAMPLES = r"""
- name: Make the accounts of the application
  shoko.core.accounts:
    part: application
    groups: [{name: ils}]
    users:
      - {name: ils-public, group: ils, home: /srv/ils}
      - {name: converge, system: false, authorized_keys: ["ssh-ed25519 AAAA… operator"]}
"""

RETURN = r"""
actions:
  description: What was or would be done, in order.
  type: list
  elements: str
  returned: always
  sample: [make group ils, make user ils-public]
"""

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")  # Debian's adduser, and what useradd(8) takes everywhere
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOWEST, HIGHEST = 1000, 60000  # numbers of people's accounts (login.defs(5))
ENDING_LOOKS, ENDING_PAUSE = 100, 0.2  # looks, and seconds between two, until processes that were killed are gone
NOLOGIN, LOGIN = "/usr/sbin/nologin", "/bin/bash"


class Worker:
    """Carries out one task and collects what it did."""

    def __init__(self, check: bool) -> None:
        self.check = check
        self.actions: list[str] = []

    def do(self, action: str, command: list[str]) -> None:
        """Note an action and carry it out unless this is check mode."""
        self.actions.append(action)
        if not self.check:
            must(command)

    def ensure_group(self, item: dict) -> None:
        """Make a group or correct its number."""
        name, gid = item["name"], item["gid"]
        current = files.group(name)
        if current is None:
            system = ["--system"] if item["system"] else []
            number = ["--gid", str(gid)] if gid is not None else []
            self.do(f"make group {name}", ["groupadd", *system, *number, "--", name])
        elif gid is not None and current.gr_gid != gid:
            self.do(f"number group {name} {gid}", ["groupmod", "--gid", str(gid), "--", name])

    def ensure_user(self, item: dict) -> None:
        """Make a user or correct what differs, then home and keys."""
        name = item["name"]
        if item["state"] == "absent":
            self.remove_user(name)
            return
        current = files.user(name)
        if current is not None and not item["system"] and not LOWEST <= current.pw_uid <= HIGHEST:
            raise HostError(f"{name}: is an account of the system (number {current.pw_uid}) and not a person's")
        if current is None:
            self.do(f"make user {name}", self._useradd(item))
        else:
            self._modify(item, current)
        home = item["home"] or (current.pw_dir if current else self._home(item))
        if item["create_home"] or (item["create_home"] is None and not item["system"]):
            self._make_home(name, home)
        if item["authorized_keys"] is not None:
            keys = files.AuthorizedKeys(name, home)
            if keys.differs(item["authorized_keys"]):
                self.actions.append(f"write keys of {name}")
                if not self.check:
                    keys.write(item["authorized_keys"])

    @staticmethod
    def _home(item: dict) -> str:
        return item["home"] or ("/nonexistent" if item["system"] else f"/home/{item['name']}")

    def _useradd(self, item: dict) -> list[str]:
        command = ["useradd", "--no-create-home", "--home-dir", self._home(item)]
        command += ["--shell", item["shell"] or (NOLOGIN if item["system"] else LOGIN)]
        command += ["--system"] if item["system"] else []
        command += ["--uid", str(item["uid"])] if item["uid"] is not None else []
        command += ["--gid", item["group"]] if item["group"] else ["--user-group"]
        command += ["--groups", ",".join(item["groups"])] if item["groups"] else []
        command += ["--comment", item["comment"]] if item["comment"] else []
        command += ["--password", item["password"]] if item["password"] else []
        command += ["--expiredate", item["last_day"]] if item["last_day"] else []
        return [*command, "--", item["name"]]

    def _modify(self, item: dict, current: object) -> None:
        name, options, words = item["name"], [], []
        for key, field, flag in (
            ("uid", "pw_uid", "--uid"), ("home", "pw_dir", "--home"), ("shell", "pw_shell", "--shell"),
            ("comment", "pw_gecos", "--comment"),
        ):  # fmt: skip
            if item[key] is not None and item[key] != getattr(current, field):
                options += [flag, str(item[key])]
                words.append(key)
        if item["group"]:
            primary = files.group(item["group"])
            if primary is None or primary.gr_gid != getattr(current, "pw_gid", None):
                options += ["--gid", item["group"]]
                words.append("group")
        if item["groups"] is not None:
            have, want = files.supplementary(name), set(item["groups"])
            want |= have if item["append"] else set()
            if have != want:
                options += ["--groups", ",".join(sorted(want))]
                words.append("groups")
        if item["password"] is not None and files.password_hash(name) != item["password"]:
            options += ["--password", item["password"]]
            words.append("password")
        if item["last_day"] is not None and files.last_day(name) != item["last_day"]:
            options += ["--expiredate", item["last_day"]]
            words.append("last day")
        if options:
            self.do(f"change {', '.join(words)} of user {name}", ["usermod", *options, "--", name])

    def _make_home(self, name: str, home: str) -> None:
        if os.path.isdir(home):
            return
        self.actions.append(f"make home {home}")
        if self.check:
            return
        entry = files.user(name)
        if entry is None:
            raise HostError(f"{name}: vanished during the run")
        os.makedirs(os.path.dirname(home), mode=0o755, exist_ok=True)
        os.mkdir(home, 0o700)
        os.chown(home, entry.pw_uid, entry.pw_gid)

    def remove_user(self, name: str) -> None:
        """Remove a user; running processes of a person who left are ended first."""
        current = files.user(name)
        if current is None:
            return
        if current.pw_uid == 0:
            raise HostError(f"{name}: has number 0 and is not removed")
        if not self.check:
            self.end_processes(name, current.pw_uid)
        self.do(f"remove user {name}", ["userdel", "--", name])

    @staticmethod
    def end_processes(name: str, number: int) -> None:
        """End a user's processes and see them gone: on a busy host that takes a moment, and userdel(8) refuses then."""
        for _ in range(ENDING_LOOKS):
            # Zombies have ended; their parent may never ask for them.
            found = run(["pkill", "--signal", "KILL", "--runstates", "D,R,S,T,t", "--uid", str(number)])
            if found.rc == 1:  # pkill(1): no process matched
                return
            if found.rc > 1:
                raise HostError(f"{name}: processes cannot be ended: {found.tail()}")
            time.sleep(ENDING_PAUSE)
        raise HostError(
            f"{name}: processes do not end within {ENDING_LOOKS * ENDING_PAUSE:.0f} s of being killed; "
            f"look at them (ps -u {name}), and run again"
        )

    def remove_group(self, name: str) -> None:
        """Remove a group that the part made, unless it is somebody's primary group."""
        current = files.group(name)
        if current is None or any(entry.pw_gid == current.gr_gid for entry in files.pwd.getpwall()):
            return
        self.do(f"remove group {name}", ["groupdel", "--", name])


def check_names(params: dict) -> None:
    """Refuse what useradd would misread, and what stands twice."""
    for kind in ("groups", "users"):
        names = [item["name"] for item in params[kind]]
        for name in names:
            if not NAME.fullmatch(name):
                raise HostError(f"{kind}: {name!r} is not a name (a-z, 0-9, -, _; at most 32)")
            if names.count(name) > 1:
                raise HostError(f"{kind}: {name} is listed twice")
    for item in params["users"]:
        for key in item["authorized_keys"] or []:
            if "\n" in key or len(key.split()) < 2:
                raise HostError(f"{item['name']}: authorized_keys: {key[:40]!r} is not one line of sshd(8)'s format")
        if item["last_day"] and not DAY.fullmatch(item["last_day"]):
            raise HostError(f"{item['name']}: last_day: {item['last_day']!r} is not a day (YYYY-MM-DD)")
        for key in ("comment", "password", "home", "shell"):
            if re.search(r"[:\n]", item[key] or ""):
                raise HostError(f"{item['name']}: {key}: must not hold a colon or a line break")


def work(module: AnsibleModule) -> dict:
    """Carry out the task; return the result."""
    params = module.params
    check_names(params)
    worker = Worker(module.check_mode)
    for item in params["groups"]:
        worker.ensure_group(item)
    for item in params["users"]:
        worker.ensure_user(item)
    if params["part"]:
        path = os.path.join(params["state_dir"], "accounts", f"{params['part']}.json")
        listed = {
            "groups": sorted(item["name"] for item in params["groups"]),
            "users": sorted(item["name"] for item in params["users"] if item["state"] == "present"),
        }
        before = read_json(path, {"groups": [], "users": []})
        for name in sorted(set(before["users"]) - {item["name"] for item in params["users"]}):
            worker.remove_user(name)
        for name in sorted(set(before["groups"]) - set(listed["groups"])):
            worker.remove_group(name)
        if before != listed and not module.check_mode:
            write_json(path, listed)
    result = {"changed": bool(worker.actions), "actions": worker.actions}
    if module._diff and worker.actions:
        result["diff"] = {"prepared": "".join(f"{action}\n" for action in worker.actions)}
    return result


def main() -> None:
    """Entry point of the module."""
    user_spec = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "uid": {"type": "int"}, "system": {"type": "bool", "default": True}, "group": {"type": "str"},
        "groups": {"type": "list", "elements": "str"}, "append": {"type": "bool", "default": False},
        "home": {"type": "path"}, "create_home": {"type": "bool"}, "shell": {"type": "path"},
        "comment": {"type": "str"}, "last_day": {"type": "str"}, "password": {"type": "str", "no_log": True},
        "authorized_keys": {"type": "list", "elements": "str", "no_log": False},
    }  # fmt: skip
    group_spec = {
        "name": {"type": "str", "required": True}, "gid": {"type": "int"},
        "system": {"type": "bool", "default": True},
    }  # fmt: skip
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str"},
            "groups": {"type": "list", "elements": "dict", "default": [], "options": group_spec},
            "users": {"type": "list", "elements": "dict", "default": [], "options": user_spec},
            "state_dir": {"type": "path", "default": STATE_DIR},
            **attempts.OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**attempts.once(module, lambda: work(module), module.params["state_dir"]))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))


if __name__ == "__main__":
    main()
