#!/usr/bin/python
"""The host's side of certificates: make keys, ask for signatures, put the result in place. See roles/trust."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates
short_description: Keep a host's certificates and trust anchors as the declaration wants them
description:
  - Keys (ECDSA P-256) are made on the host and stay there. The action plugin of the same name signs the requests on
    the control node with C(shoko.trust) and calls this module a second time; where nothing is due there is one call.
  - Key, certificate and issuer of one certificate are one file, replaced by one rename.
  - What is no longer wanted is removed, its key included.
  - In check mode it predicts the files and changes nothing.
author: Shoko
extends_documentation_fragment:
  - shoko.core.attempts
options:
  ca_dir:
    description: Directory of the authority on the control node; see role trust for where it is if empty.
    type: path
  site:
    description: Key of the site that the authority must belong to.
    type: str
    required: true
  internal_domain:
    description: Domain of host and role names.
    type: str
    required: true
  host:
    description: Name of the host.
    type: str
    required: true
  groups:
    description: Groups of the host; each becomes a role in its certificates.
    type: list
    elements: str
    required: true
  certificates:
    description: Certificates of the slice, each with C(name), C(purpose), C(common_name), C(names), C(addresses).
    type: list
    elements: dict
    required: true
  consumers:
    description: By certificate name, the units to C(restart) or C(reload) when it was renewed and they run.
    type: dict
    default: {}
  life_days:
    description: Days that a certificate lives.
    type: int
    default: 30
  renew_after:
    description: Part of a certificate's life after which it is renewed.
    type: float
    default: 0.33
  wanted:
    description: Given by the action plugin; what the host shall have, each with a digest of all that goes into it.
    type: list
    elements: dict
  anchors:
    description: Given by the action plugin; files for C(trust_directory) by name, with PEM text.
    type: dict
  signed:
    description: Given by the action plugin; C(chain), C(begin) and C(end) (UNIX time) by certificate name.
    type: dict
  certificate_directory:
    description: Given by the action plugin; where certificates lie.
    type: path
    default: /etc/shoko/certificates
  trust_directory:
    description: Given by the action plugin; where anchors lie.
    type: path
    default: /etc/shoko/trust
  state_directory:
    description: Given by the action plugin; where the host remembers what it has, and keeps keys that wait.
    type: path
    default: /var/lib/shoko
"""

EXAMPLES = r"""
- name: Keep certificates
  shoko.core.certificates:
    ca_dir: "{{ trust_ca_dir }}"
    site: "{{ shoko.site.key }}"
    internal_domain: "{{ shoko.site.internal_domain }}"
    host: "{{ shoko.host }}"
    groups: "{{ shoko.groups }}"
    certificates: "{{ shoko.certificates }}"
    consumers: {host: {restart: [rsyslog]}}
  register: trust_certificates
  notify: Use renewed certificates
"""

RETURN = r"""
files:
  description: What was or would be written or removed, as C(path) and C(change).
  type: list
  returned: always
requests:
  description: Signing requests (PEM) for the keys that wait, by certificate name.
  type: dict
  returned: always
due:
  description: Units that use something changed, C(restart) and C(reload); marks of earlier runs included.
  type: dict
  returned: always
"""

import grp  # noqa: E402 - Ansible wants the documentation first
import os  # noqa: E402
import time  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.shoko.core.plugins.module_utils import attempts  # noqa: E402
from ansible_collections.shoko.core.plugins.module_utils.certificate_store import Store  # noqa: E402
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line  # noqa: E402
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks, merge  # noqa: E402

PART = "certificates"
NOTHING = {"restart": [], "reload": []}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "list", "elements": "dict", "required": True},
            "anchors": {"type": "dict", "required": True},
            "signed": {"type": "dict", "default": {}},
            "renew_after": {"type": "float", "default": 0.33},
            "certificate_directory": {"type": "path", "default": "/etc/shoko/certificates"},
            "trust_directory": {"type": "path", "default": "/etc/shoko/trust"},
            "state_directory": {"type": "path", "default": "/var/lib/shoko"},
            **attempts.OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**attempts.once(module, lambda: converge(module), module.params["state_directory"]))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))


def converge(module: AnsibleModule) -> dict:
    """Bring the host nearer to what is wanted and tell what was done, or in check mode would be."""
    options = module.params
    store = Store(options["certificate_directory"], options["trust_directory"], options["state_directory"])
    marks = Marks(options["state_directory"])
    due = merge(marks.due(PART), NOTHING)
    files: list[dict] = []
    requests: dict[str, str] = {}

    stale = [one for one in options["wanted"] if not store.good(one, options["renew_after"], time.time())]
    anchors = {name: text for name, text in options["anchors"].items() if store.anchor(name) != text}
    unwanted = sorted(set(store.known()) - {one["name"] for one in options["wanted"]})
    missing = store.missing_folders()
    using = _running(module, [one for one in options["wanted"] if anchors or one in stale])

    if module.check_mode:
        files += [store.change(one["name"]) for one in stale]
    else:
        ready = [one for one in stale if one["name"] in options["signed"]]
        if ready or anchors:
            due = merge(due, using)
            marks.set(PART, due)
        for one in ready:
            _ensure_group(module, one["name"])
            files.append(store.install(module.run_command, one, options["signed"][one["name"]]))
        for one in stale:
            if one not in ready:
                requests[one["name"]] = store.request(module.run_command, one["name"])
    files += [store.put_anchor(name, text, dry=module.check_mode) for name, text in sorted(anchors.items())]
    files += [store.remove(name, dry=module.check_mode) for name in unwanted]
    made = [folder for folder in missing if any(one["path"].startswith(f"{folder}/") for one in files)]
    files += [{"path": folder, "change": "create"} for folder in made]
    if unwanted and not module.check_mode:
        for name in unwanted:
            _drop_group(module, name)
    return {
        "changed": bool(files or requests or due["restart"] or due["reload"]),
        "files": sorted(files, key=lambda one: one["path"]),
        "requests": requests,
        "due": due,
        "diff": [{"header": one["path"], "prepared": f"{one['change']} (keys are not shown)\n"} for one in files],
    }


def _running(module: AnsibleModule, certificates: list[dict]) -> dict:
    """The units of these certificates that run now: one that does not will read the new file when it starts."""
    due: dict = {"restart": set(), "reload": set()}
    for one in certificates:
        for verb, units in due.items():
            units |= set(one.get(verb) or [])
    names = sorted(due["restart"] | due["reload"])
    if not names:
        return NOTHING
    _code, out, _error = module.run_command(["systemctl", "is-active", *names])
    states = dict(zip(names, out.split(), strict=False))
    return {verb: sorted(name for name in units if states.get(name) == "active") for verb, units in due.items()}


def _group(name: str) -> str:
    return f"tls-{name}"


def _exists(group: str) -> bool:
    try:
        grp.getgrnam(group)
    except KeyError:
        return False
    return True


def _ensure_group(module: AnsibleModule, name: str) -> None:
    if not _exists(_group(name)):
        module.run_command(["groupadd", "--system", _group(name)], check_rc=True)


def _drop_group(module: AnsibleModule, name: str) -> None:
    if _exists(_group(name)):
        module.run_command(["groupdel", _group(name)], check_rc=True)


if __name__ == "__main__":
    os.umask(0o022)  # directories are for every service to pass; what is secret gets its rights before its name
    main()
