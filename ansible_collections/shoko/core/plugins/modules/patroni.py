#!/usr/bin/python
"""Hold a Patroni cluster to what is declared: shared settings, roles, database. See DOCUMENTATION."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.patroni_settings import difference, wanted_sql

DOCUMENTATION = r"""
---
module: patroni
short_description: Hold a Patroni cluster to its declared settings, roles and database
version_added: "0.1.0"
description:
  - Waits until the cluster has a leader and this member runs, then returns what it found.
  - Only on the leader it compares Patroni's shared settings with I(dynamic), the log-in roles with I(roles) and the
    database with I(database), and changes what differs. Every host runs the same task; no host needs facts of another.
  - Settings that somebody made by hand with C(patronictl edit-config) and that are not in I(dynamic) are removed.
  - The log-in roles have no password, no attribute but LOGIN, and the right to connect to I(database) alone.
extends_documentation_fragment:
  - shoko.core.attempts
options:
  url:
    description: Address of this member's own REST interface, such as C(https://db1.shoko.internal:8008).
    type: str
    required: true
  certificate:
    description: File with key and certificate that the REST interface asks for.
    type: path
    required: true
  authority:
    description: Certificate of the authority that the REST interface's certificate comes from.
    type: path
    required: true
  dynamic:
    description: The whole of Patroni's shared settings.
    type: dict
    required: true
  database:
    description: Name of the database.
    type: str
    required: true
  owner:
    description: The role among I(roles) that owns the database and may change its schema.
    type: str
    required: true
  roles:
    description: The log-in roles of the database.
    type: list
    elements: str
    required: true
  wait:
    description: Seconds that the cluster has for finding a leader and this member for running.
    type: int
    default: 120
notes:
  - In check mode, on a host where Patroni does not answer yet, it predicts that everything will be made.
author: [Shoko]
"""

EXAMPLES = r"""
- name: Hold the cluster to its declaration
  shoko.core.patroni:
    url: https://db1.shoko.internal:8008
    certificate: /etc/shoko/certificates/data.pem
    authority: /etc/shoko/trust/data.pem
    dynamic: {ttl: 20, loop_wait: 5, retry_timeout: 5}
    database: shoko
    owner: ils_owner
    roles: [ils_owner, ils_public, ils_staff]
"""

RETURN = r"""
leader:
  description: Name of the member that leads; empty if check mode found no cluster.
  returned: success
  type: str
changes:
  description: What was (in check mode would be) done, one sentence each.
  returned: success
  type: list
  elements: str
pending_restart:
  description: Members whose PostgreSQL has to be restarted before a changed setting counts.
  returned: success
  type: list
  elements: str
"""

PAUSE = 1.0  # seconds between two looks at a cluster that is not ready
ANSWER = 5.0  # seconds that one request may take

# One row per fact: kind, name, detail. The module asks once and computes the rest.
STATE_SQL = """
SELECT 'role', rolname, rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication
       OR rolbypassrls OR rolpassword IS NOT NULL) FROM pg_authid
UNION ALL
SELECT 'database', datname, pg_get_userbyid(datdba) = '{owner}' FROM pg_database
UNION ALL
SELECT 'grant', datname || '/' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END
       || '/' || privilege_type, true
  FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
"""


class NotReady(HostError):
    """The cluster cannot be worked with yet; waiting may help."""


class Member:
    """The REST interface of one Patroni, spoken to with a certificate."""

    def __init__(self, url: str, certificate: str, authority: str) -> None:
        self.url = url.rstrip("/")
        try:
            self.context = ssl.create_default_context(cafile=authority)
            self.context.load_cert_chain(certificate)
        except (OSError, ssl.SSLError) as error:
            raise NotReady(f"{certificate} or {authority} cannot be used: {error}: role trust makes them") from error

    def get(self, path: str) -> Any:
        """Return the JSON answer of a path; a 503 of Patroni carries a body that counts as well."""
        return self._ask(urllib.request.Request(f"{self.url}{path}"))  # noqa: S310  # the role gives https

    def patch(self, path: str, body: dict) -> Any:
        """Send a change and return the settings that Patroni then has."""
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), method="PATCH")  # noqa: S310
        request.add_header("Content-Type", "application/json")
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=ANSWER, context=self.context) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                return json.loads(text)
            except ValueError:
                raise NotReady(f"{request.full_url}: {error.code} {text[:200]}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise HostError(f"{request.full_url}: {error.reason}: see role trust") from error
            raise NotReady(f"{request.full_url}: {error.reason}") from error
        except (OSError, ValueError) as error:
            raise NotReady(f"{request.full_url}: {error}") from error


def look(member: Member) -> tuple[str, bool, list[str]]:
    """Return (leader's name, whether it is this member, members that need a restart) of a cluster that works."""
    own = member.get("/patroni")
    name = own.get("patroni", {}).get("name", "?")
    if own.get("state") not in ("running", "streaming"):
        raise NotReady(f"{name} is {own.get('state', 'silent')}, not running")
    members = member.get("/cluster").get("members", [])
    leader = next((one for one in members if one.get("role") == "leader"), None)
    if leader is None:
        raise NotReady(f"no member leads ({', '.join(one['name'] + ' ' + one['state'] for one in members) or 'none'})")
    pending = sorted(one["name"] for one in members if one.get("pending_restart"))
    return leader["name"], leader["name"] == name, pending


def wait_for(member: Member, seconds: int) -> tuple[str, bool, list[str]]:
    """Look until the cluster works; HostError with the last reason when the time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            return look(member)
        except NotReady as error:
            if time.monotonic() > end:
                raise HostError(
                    f"the database cluster is not ready after {seconds} s: {error}. "
                    "See `patronictl list` and `journalctl -u patroni -u etcd` on each member."
                ) from error
        time.sleep(PAUSE)


def psql(statement: str, database: str = "postgres") -> list[tuple[str, ...]]:
    """Run SQL as the superuser over the local socket and return the rows, cells apart by `|`."""
    command = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
    result = subprocess.run(command, input=statement, capture_output=True, text=True, check=False, cwd="/")
    if result.returncode:
        raise HostError(f"psql as postgres on {database}: {result.stderr.strip()}")
    return [tuple(line.split("|")) for line in result.stdout.splitlines()]


def lead(module: AnsibleModule, member: Member) -> list[str]:
    """On the leader: bring settings, roles and database to what is declared; return what was done."""
    given = module.params
    done = []
    live = member.get("/config")
    patch, sentences = difference(live, given["dynamic"])
    done += sentences
    if patch and not module.check_mode:
        member.patch("/config", patch)
    rows = psql(STATE_SQL.format(owner=given["owner"]))
    statements = wanted_sql(rows, given["database"], given["owner"], given["roles"])
    for sentence, statement in statements:
        done.append(sentence)
        if not module.check_mode:
            psql(statement)
    return done


def run(module: AnsibleModule) -> dict:
    """Do the task and return the module's result."""
    given = module.params
    try:
        member = Member(given["url"], given["certificate"], given["authority"])
        leader, own, pending = look(member) if module.check_mode else wait_for(member, given["wait"])
    except NotReady as error:
        if not module.check_mode:
            raise
        told = f"the cluster does not answer yet ({error}): settings, roles and database {given['database']} are made"
        return {"changed": True, "leader": "", "changes": [told], "pending_restart": []}
    changes = lead(module, member) if own else []
    if changes and own and not module.check_mode:
        pending = look(member)[2]
    return {"changed": bool(changes), "leader": leader, "changes": changes, "pending_restart": pending}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "certificate": {"type": "path", "required": True},
            "authority": {"type": "path", "required": True},
            "dynamic": {"type": "dict", "required": True},
            "database": {"type": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "roles": {"type": "list", "elements": "str", "required": True},
            "wait": {"type": "int", "default": 120},
            **attempts.OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        result = attempts.once(module, lambda: run(module))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))
    if result["pending_restart"]:
        names = ", ".join(result["pending_restart"])
        module.warn(f"a changed setting waits for a restart of PostgreSQL on {names}: patronictl restart")
    if module._diff and result["changes"]:
        result["diff"] = {"before": "", "after": "".join(f"{sentence}\n" for sentence in result["changes"])}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
