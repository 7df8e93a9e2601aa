#!/usr/bin/python
"""The host's half of ``shoko.core.firewall``: compare, begin a change that undoes itself, confirm it."""

from __future__ import annotations

import difflib
import json
import os
from datetime import datetime

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts
from ansible_collections.shoko.core.plugins.module_utils import firewall_permits as permits
from ansible_collections.shoko.core.plugins.module_utils import firewall_rules as rules
from ansible_collections.shoko.core.plugins.module_utils import firewall_state as state
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.preview import find_program
from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_json

DOCUMENTATION = r"""
---
module: firewall
short_description: Apply an nftables ruleset that undoes itself unless a new connection proves it
version_added: "0.1.0"
author: The Shoko authors
description:
  - Renders the ruleset on the controller and compares it with the confirmed boot file and with what the kernel runs; a
    rule added or removed by hand is drift and is replaced. One remote call if nothing differs.
  - A change is checked with C(nft -c), a timer that puts the former rules back is armed, and the owned tables are
    replaced in one transaction together with the windows that are open. No other table is touched.
  - Then the controller opens new connections, to the host and through it. Only if they succeed within I(bound) seconds
    is the change confirmed and the boot file written. Otherwise the task waits until the former rules are back, looks
    over a new connection that they are, and fails.
  - Killing Ansible at any point, or a reboot of the host, ends with the former rules.
  - Needs the program C(/usr/local/sbin/shoko-firewall) on the host; C(docs/collection.md) says which files it is.
extends_documentation_fragment:
  - shoko.core.attempts
options:
  template:
    description: Template of the ruleset, found as M(ansible.builtin.template) finds it.
    type: str
  content:
    description: The ruleset itself, instead of I(template).
    type: str
  vars:
    description: Additional variables of the template.
    type: dict
  boot_file:
    description: File that holds the confirmed ruleset.
    type: path
    default: /etc/nftables.conf
  tables:
    description: Tables that are owned, as C(family name). They are replaced as a whole; no other is touched.
    type: list
    elements: str
    default: [inet shoko]
  bound:
    description: Seconds after which an unconfirmed change is undone.
    type: int
    default: 20
  forwarding:
    description: >-
      Whether the kernel forwards IPv4 and IPv6; set only after the ruleset was loaded. Left alone if not given.
    type: bool
  windows:
    description: Openings of timed sets (C(flags timeout) without C(dynamic)) until an absolute end.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Name of the flow or order., type: str, required: true}
      from: {description: Start as ISO 8601 with zone or seconds since the epoch., type: str}
      until: {description: End likewise., type: str, required: true}
      elements:
        description: Per set its elements, each a list of cells or one string with C( . ) between them.
        type: dict
        required: true
  permits:
    description:
      - What the ruleset permits, in the declaration's words (C(firewall.permits) of the slice). It is kept beside the
        confirmed ruleset, in the same step, so that the next run can tell what it newly permits and denies.
    type: list
    elements: dict
    default: []
  through:
    description: >-
      Inventory hosts reached through this host, or C(host:port). What answered a new connection before the change must
      answer a new connection after it.
    type: list
    elements: str
    default: []
  confirm_command:
    description: Command on the host, run over the new connection, that must succeed before the change is confirmed.
    type: list
    elements: str
    default: []
  state_dir:
    description: Where the confirmed state and the windows lie.
    type: path
    default: /var/lib/shoko
  step:
    description: Set by the action plugin.
    type: str
    choices: [compare, begin, confirm]
    default: compare
  ident:
    description: Set by the action plugin.
    type: str
attributes:
  check_mode:
    support: full
    description: Shows the difference and checks the ruleset with C(nft -c) if nft is there.
  diff_mode:
    support: full
    description: The ruleset, and the rules that drifted.
"""

EXAMPLES = r"""
- name: Apply the gateway's ruleset
  shoko.core.firewall:
    template: ruleset.nft.j2
    tables: [inet shoko, ip shoko_nat]
    forwarding: true
    through: [rp1, app1, db1]
    confirm_command: [/usr/local/bin/vrrp-sane]
"""

RETURN = r"""
reasons:
  description: Why the ruleset was or would be applied.
  type: list
  elements: str
  returned: always
  sample: ["the kernel's rules are not the confirmed ones"]
files:
  description: The boot file, as C(path) and C(change), if its content differs.
  type: list
  elements: dict
  returned: always
  sample: [{path: /etc/nftables.conf, change: modify}]
permitted:
  description: Packets that the ruleset newly permits, in check mode too, as entries of I(permits).
  type: list
  elements: dict
  returned: always
  sample:
    - {chain: forward, flow: citizen, from: internet, to: dmz/opac, service: https, users: [], windowed: false,
       ways: [[ipv4, tcp, 443, "117 prefixes, sha256 7cdd44ec71cda6fa", 198.51.100.20]]}
denied:
  description: Packets that were permitted by what was confirmed last and no longer are, likewise.
  type: list
  elements: dict
  returned: always
not_validated:
  description: Why C(nft -c) could not be run.
  type: list
  elements: str
  returned: always
ident:
  description: Name of the change on the host.
  type: str
  returned: if the ruleset changed
probed:
  description: What answered a new connection after the change.
  type: list
  elements: str
  returned: if the ruleset changed
"""

PROGRAM = "/usr/local/sbin/shoko-firewall"


def epoch(value: str, where: str) -> float:
    """Return seconds since the epoch of an ISO 8601 time with zone, or of a number."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise HostError(f"{where}: {value!r} is not an ISO 8601 time") from error
    if moment.tzinfo is None:
        raise HostError(f"{where}: {value!r} has no time zone")
    return moment.timestamp()


def declared_windows(module: AnsibleModule, text: str) -> list[dict]:
    """Return the task's windows as the loader reads them; a window for a set that is not there is refused."""
    sets = state.declared_sets(text)
    result = []
    for window in module.params["windows"]:
        where = f"windows: {window['name']}"
        for name in window["elements"]:
            if name not in sets:
                raise HostError(f"{where}: the ruleset has no set {name}")
        item = {
            "name": window["name"], "until": epoch(window["until"], where),
            "elements": {
                name: [list(state.windows.cells(element)) for element in elements]
                for name, elements in window["elements"].items()
            },
        }  # fmt: skip
        if window["from"]:
            item["from"] = epoch(window["from"], where)
        result.append(item)
    return result


def reasons(module: AnsibleModule, firewall: state.Firewall, text: str, boot: str) -> tuple[list[str], list[str]]:
    """Return why the ruleset must be applied, and the drifted rules as diff lines."""
    params, confirmed, found, drift = module.params, firewall.confirmed(), [], []
    if confirmed.get("digest") != state.digest(text):
        found.append("the ruleset is not the confirmed one" if confirmed else "no ruleset was confirmed yet")
    elif boot != text:
        found.append(f"{params['boot_file']} is not the confirmed ruleset")
    elif confirmed.get("permits", []) != params["permits"]:
        found.append("what the ruleset permits is recorded in other words")
    if confirmed.get("tables", params["tables"]) != params["tables"]:
        found.append("other tables are owned")
    if find_program(["nft"]) and not found:
        kernel = rules.canonical(params["tables"])
        if kernel != confirmed.get("kernel"):
            found.append("the kernel's rules are not the confirmed ones")
            drift = list(
                difflib.unified_diff(kernel, confirmed.get("kernel", []), "kernel", "confirmed", "", "", 0, "")
            )
    if params["forwarding"] is not None and state.forwarding() != ["1" if params["forwarding"] else "0"] * 2:
        found.append("forwarding is not as wanted")
    if firewall.pending():
        found.append("an earlier change was never confirmed")
    return found, drift


def compare(module: AnsibleModule, firewall: state.Firewall) -> dict:
    """Say what differs and whether the ruleset must be applied; windows alone are brought up to date at once."""
    params, text = module.params, module.params["content"] or ""
    if not text.strip():
        raise HostError("the ruleset is empty; an empty firewall is never applied")
    wanted = {"windows": declared_windows(module, text)}
    declared = os.path.join(firewall.windows_dir, "declared.json")
    boot = state.read_text(params["boot_file"])
    why, drift = reasons(module, firewall, text, boot)
    written = [{"path": params["boot_file"], "change": "modify" if boot else "create"}] if why and boot != text else []
    permitted, denied = permits.difference(firewall.confirmed().get("permits", []), params["permits"])
    result = {
        "changed": bool(why), "apply": bool(why), "reasons": why, "files": written,
        "permitted": permitted, "denied": denied, "not_validated": [],
    }  # fmt: skip
    if module._diff and why:
        header = {"before_header": params["boot_file"], "after_header": params["boot_file"]}
        result["diff"] = [{"before": boot, "after": text, **header}]
        result["diff"] += [{"prepared": "".join(f"{line}\n" for line in drift)}] if drift else []
    if find_program(["nft"]) is None:
        if not module.check_mode:
            raise HostError("nft is not installed on this host; install nftables first")
        result["not_validated"] = ["nft absent"]
        return result
    if why:
        rules.nft(["-c"], rules.replacement(params["tables"], text))
    windows_why = []
    if read_json(declared, {"windows": []}) != wanted:
        windows_why = ["other windows are declared"]
    elif not why and firewall.windows_differ(params["tables"]):
        windows_why = ["the kernel's windows are not those that are open now"]
    if windows_why:
        result.update(changed=True, reasons=[*why, *windows_why])
    if module.check_mode:
        return result
    if not os.path.exists(PROGRAM):
        raise HostError(f"{PROGRAM} is missing; the role's files task installs it before the firewall task")
    if windows_why:
        with firewall.locked():
            write_json(declared, wanted, 0o644)
            if not why:
                firewall.sync_windows(params["tables"])
    return result


def begin(module: AnsibleModule, firewall: state.Firewall) -> dict:
    """Begin the change; a change that an earlier run left unconfirmed is undone first."""
    params = module.params
    with firewall.locked():
        if firewall.pending():
            firewall.undo()
        ident = firewall.begin(
            params["content"], params["tables"], permits=params["permits"], boot_file=params["boot_file"],
            bound=params["bound"], forward=params["forwarding"], command=[PROGRAM, "--state-dir", params["state_dir"]],
        )  # fmt: skip
    return {"ident": ident}


def confirm(module: AnsibleModule, firewall: state.Firewall) -> dict:
    """Confirm the change; it stays, also over a reboot."""
    with firewall.locked():
        firewall.confirm(module.params["ident"])
    return {}


def main() -> None:
    """Entry point of the module."""
    window_spec = {
        "name": {"type": "str", "required": True}, "from": {"type": "str"},
        "until": {"type": "str", "required": True}, "elements": {"type": "dict", "required": True},
    }  # fmt: skip
    module = AnsibleModule(
        argument_spec={
            "template": {"type": "str"}, "content": {"type": "str"}, "vars": {"type": "dict"},
            "boot_file": {"type": "path", "default": state.BOOT_FILE},
            "tables": {"type": "list", "elements": "str", "default": ["inet shoko"]},
            "bound": {"type": "int", "default": 20}, "forwarding": {"type": "bool"},
            "windows": {"type": "list", "elements": "dict", "default": [], "options": window_spec},
            "permits": {"type": "list", "elements": "dict", "default": []},
            "through": {"type": "list", "elements": "str", "default": []},
            "confirm_command": {"type": "list", "elements": "str", "default": []},
            "state_dir": {"type": "path", "default": state.STATE},
            "step": {"type": "str", "choices": ["compare", "begin", "confirm"], "default": "compare"},
            "ident": {"type": "str"},
            **attempts.OPTIONS,
        },
        supports_check_mode=True,
    )  # fmt: skip
    shown = {"module_args": {"boot_file": module.params["boot_file"], "tables": module.params["tables"]}}
    try:
        step = {"compare": compare, "begin": begin, "confirm": confirm}[module.params["step"]]
        firewall = state.Firewall(module.params["state_dir"])
        done = attempts.once(module, lambda: step(module, firewall), module.params["state_dir"])
        module.exit_json(**done, invocation=shown)
    except (HostError, rules.FirewallError, OSError, json.JSONDecodeError) as error:
        module.fail_json(msg=one_line(error), invocation=shown)


if __name__ == "__main__":
    main()
