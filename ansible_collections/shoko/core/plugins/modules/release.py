#!/usr/bin/python
"""A release of an application: unpacked beside the others, switched in one step, taken back if it is not healthy."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import tarfile
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts
from ansible_collections.shoko.core.plugins.module_utils.commands import must
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks, canonical
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR

DOCUMENTATION = r"""
---
module: release
short_description: Install a release of an application and switch to it, or back
version_added: "0.1.0"
author: The Shoko authors
description:
  - A release is a directory C(<root>/releases/<id>) that is never changed once it is complete; C(<root>/current) is a
    link to the one in use. The id is the digest of the content.
  - If the release is not on the host yet, its I(archive) is sent from the control node, unpacked and set up. Then the
    I(prepare) commands run (a database migration), the link is switched, I(units) are restarted, and I(health) must
    answer 200. If not, the link and the units go back to the former release and the task fails.
  - Returning to a former release is the same task with its id; I(prepare) is left out, since migrations only go on.
  - A release in use costs one call.
extends_documentation_fragment:
  - shoko.core.attempts
options:
  root:
    description: Directory of the application.
    type: path
    required: true
  id:
    description: Release to use.
    type: str
    required: true
  archive:
    description: Tar archive of the release on the control node. Not needed for a release that is on the host.
    type: path
  sent:
    description: The archive on the host; set by the action plugin.
    type: path
  setup:
    description: Commands run in a freshly unpacked release.
    type: list
    elements: list
    default: []
  prepare:
    description: Commands run before the switch to a release that this host used never before; C({release}) is replaced.
    type: list
    elements: list
    default: []
  prepare_within:
    description:
      - Seconds that one I(prepare) command may take. Generous, since a migration may rewrite every row of a large table
        and is only thrown away by being ended. There is a clock all the same, since one that waits for a lock may wait
        forever.
    type: int
    default: 21600
  units:
    description: Units restarted after the switch.
    type: list
    elements: str
    default: []
  health:
    description: Where the application answers 200 when it works.
    type: list
    elements: dict
    default: []
    suboptions:
      socket: {description: UNIX socket., type: path, required: true}
      path: {description: Path of the request., type: str, default: /}
  patience:
    description: Seconds that the application has for becoming healthy.
    type: int
    default: 60
  keep:
    description: How many releases besides the one in use stay on the host.
    type: int
    default: 3
attributes:
  check_mode:
    support: full
    description: Predicts installation and switch.
  diff_mode:
    support: full
    description: Shows the release before and after.
"""

EXAMPLES = r"""
- name: Use the release
  shoko.core.release:
    root: /srv/shoko
    id: 4e1f0c2b9a7d6653
    archive: .cache/releases/shoko-ils-4e1f0c2b9a7d6653.tar
    setup: [[python3, -m, venv, venv]]
    units: [ils-public]
    health: [{socket: /run/ils-public.sock, path: /readyz}]
"""

RETURN = r"""
former:
  description: Release that was in use before; empty if none was.
  returned: always
  type: str
actions:
  description: What was (in check mode would be) done, in order.
  returned: always
  type: list
  elements: str
"""

IDENTITY = re.compile(r"[0-9a-f]{8,64}")
COMPLETE = ".complete"  # written last: a directory without it is the rest of an interrupted installation
USED = ".used"  # this host has prepared for the release and switched to it
PAUSE = 0.5  # seconds between two questions for health
ANSWER = 10  # seconds that one answer may take
BUILD_TIMEOUT = 300  # seconds for one set-up command


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=ANSWER)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Releases:
    """The releases of one application on this host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.given = module.params
        self.check = module.check_mode
        self.actions: list[str] = []
        self.folder = os.path.join(self.given["root"], "releases")
        self.link = os.path.join(self.given["root"], "current")

    def path(self, identity: str, *parts: str) -> str:
        """Return the path of a release or of something in it."""
        return os.path.join(self.folder, identity, *parts)

    def current(self) -> str:
        """Return the id of the release in use, empty if none is."""
        try:
            return os.path.basename(os.readlink(self.link))
        except FileNotFoundError:
            return ""

    def present(self, identity: str) -> bool:
        """Whether a release is here in full."""
        return os.path.exists(self.path(identity, COMPLETE))

    def install(self) -> None:
        """Unpack the sent archive and set it up; whatever fails leaves nothing that counts as a release."""
        identity = self.given["id"]
        self.actions.append(f"install {identity}")
        if self.check:
            return
        target = self.path(identity)
        unpacking = os.path.join(self.folder, f".{identity}")
        os.makedirs(self.folder, exist_ok=True)
        for old in (target, unpacking):
            shutil.rmtree(old, ignore_errors=True)
        try:
            with tarfile.open(self.given["sent"]) as archive:
                archive.extractall(unpacking, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise HostError(f"release {identity}: its archive cannot be unpacked: {error}") from error
        (inner,) = os.listdir(unpacking)
        os.rename(os.path.join(unpacking, inner), target)
        os.rmdir(unpacking)
        for command in self.given["setup"]:
            self._inside(identity, command, BUILD_TIMEOUT)
        with open(self.path(identity, COMPLETE), "w", encoding="utf-8"):
            pass

    def switch(self, former: str) -> None:
        """Prepare, switch, restart and look; go back if the application does not get healthy."""
        identity = self.given["id"]
        known = os.path.exists(self.path(identity, USED))
        steps = [] if known else self.given["prepare"]
        self.actions += [*(f"run {' '.join(step)}" for step in steps), f"switch to {identity}"]
        if self.check:
            return
        for step in steps:
            self._inside(identity, step, self.given["prepare_within"])
        with open(self.path(identity, USED), "w", encoding="utf-8"):
            pass
        self._point(identity)
        try:
            self._restart()
            self._be_healthy()
        except HostError as error:
            self._back(former)
            told = f"this host is back on {former}" if former else "no release is in use on this host"
            raise HostError(f"release {identity} does not work here, {told}: {error}") from error

    def prune(self, former: str) -> None:
        """Remove the oldest releases beyond what is kept."""
        kept = {self.given["id"], former}
        try:
            others = [name for name in os.listdir(self.folder) if name not in kept and IDENTITY.fullmatch(name)]
        except FileNotFoundError:
            return
        others.sort(key=lambda name: os.stat(self.path(name)).st_mtime, reverse=True)
        for name in others[max(0, self.given["keep"] - 1) :]:
            self.actions.append(f"remove {name}")
            if not self.check:
                shutil.rmtree(self.path(name))

    def _inside(self, identity: str, command: list[str], seconds: int) -> None:
        """Run a command in a release's directory, for so many seconds at most."""
        folder = self.path(identity)
        words = [word.replace("{release}", folder) for word in command]
        must(["env", f"--chdir={folder}", *words], timeout=seconds)

    def _point(self, identity: str) -> None:
        """Turn the link in one step."""
        beside = f"{self.link}.new"
        if os.path.lexists(beside):
            os.unlink(beside)
        os.symlink(os.path.join("releases", identity), beside)
        os.replace(beside, self.link)

    def _restart(self) -> None:
        must(["systemctl", "daemon-reload"], timeout=90)
        if self.given["units"]:
            must(["systemctl", "restart", "--", *self.given["units"]], timeout=120)
        marks = Marks(STATE_DIR)
        for name in self.given["units"]:
            marks.clear(canonical(name))  # they have just read their new files

    def _be_healthy(self) -> None:
        for place in self.given["health"]:
            end = time.monotonic() + self.given["patience"]
            while (problem := _ask(place["socket"], place["path"])) is not None:
                if time.monotonic() > end:
                    raise HostError(f"{place['socket']}{place['path']}: {problem} for {self.given['patience']} s")
                time.sleep(PAUSE)

    def _back(self, former: str) -> None:
        if former:
            self._point(former)
            self._restart()
            return
        os.unlink(self.link)
        if self.given["units"]:
            must(["systemctl", "stop", "--", *self.given["units"]], timeout=120)


def _ask(path: str, where: str) -> str | None:
    """Ask once; None if the answer is 200, else what was wrong."""
    connection = _OverSocket(path)
    try:
        connection.request("GET", where)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()
    return None if status == 200 else f"answers {status}"


def run(module: AnsibleModule) -> dict:
    """Do the task and return the module's result."""
    releases = Releases(module)
    given = module.params
    identity = given["id"]
    if not IDENTITY.fullmatch(identity):
        raise HostError(f"release id {identity!r} is not a digest (8 to 64 hexadecimal digits)")
    former = releases.current()
    if not releases.present(identity):
        if not given["archive"]:
            here = ", ".join(sorted(name for name in _listed(releases.folder) if releases.present(name))) or "none"
            raise HostError(f"release {identity} is not on this host and no archive is given (here: {here})")
        if not given["sent"] and not module.check_mode:
            return {"changed": False, "wants_archive": True, "former": former, "actions": []}
        releases.install()
    if former != identity:
        releases.switch(former)
        releases.prune(former)
    result = {"changed": bool(releases.actions), "former": former, "actions": releases.actions}
    if module._diff and former != identity:
        result["diff"] = {"before": f"release {former or 'none'}\n", "after": f"release {identity}\n"}
    return result


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def main() -> None:
    """Entry point."""
    places = {"socket": {"type": "path", "required": True}, "path": {"type": "str", "default": "/"}}
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "id": {"type": "str", "required": True},
            "archive": {"type": "path"},
            "sent": {"type": "path"},
            "setup": {"type": "list", "elements": "list", "default": []},
            "prepare": {"type": "list", "elements": "list", "default": []},
            "prepare_within": {"type": "int", "default": 21600},
            "units": {"type": "list", "elements": "str", "default": []},
            "health": {"type": "list", "elements": "dict", "default": [], "options": places},
            "patience": {"type": "int", "default": 60},
            "keep": {"type": "int", "default": 3},
            **attempts.OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**attempts.once(module, lambda: run(module)))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))


if __name__ == "__main__":
    main()
