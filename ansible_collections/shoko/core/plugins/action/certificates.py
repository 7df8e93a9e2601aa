"""The control node's side of certificates: sign what the host asks for. Names come from the slice alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from cryptography import x509

from ansible_collections.shoko.core.plugins.plugin_utils.asking import attempt
from shoko.trust import PURPOSES, Authority, TrustError, Wanted, default_directory, issue, open_authority

CHECKOUT = Path(__file__).resolve().parents[5]
MODULE = "shoko.core.certificates"


class ActionModule(ActionBase):
    """Ask the host what is due, sign it, and hand it back."""

    _VALID_ARGS = frozenset(
        ("ca_dir", "site", "internal_domain", "host", "groups", "certificates", "consumers", "life_days", "renew_after")
    )

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; with signatures made in between, the second call's joined to the first."""
        super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(
            {
                "ca_dir": {"type": "str", "default": ""},
                "site": {"type": "str", "required": True},
                "internal_domain": {"type": "str", "required": True},
                "host": {"type": "str", "required": True},
                "groups": {"type": "list", "elements": "str", "required": True},
                "certificates": {"type": "list", "elements": "dict", "required": True},
                "consumers": {"type": "dict", "default": {}},
                "life_days": {"type": "int", "default": 30},
                "renew_after": {"type": "float", "default": 0.33},
            }
        )
        try:
            return self._converge(args, task_vars or {})
        except TrustError as error:
            raise AnsibleActionFail(str(error)) from error

    def _converge(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        directory = Path(args["ca_dir"]).expanduser() if args["ca_dir"] else default_directory(args["site"], CHECKOUT)
        authority = open_authority(directory, args["site"])
        wanted = {one["name"]: _wanted(args, one) for one in args["certificates"]}
        order = {
            "wanted": [_order(authority, one, args["consumers"].get(name, {})) for name, one in wanted.items()],
            "anchors": _anchors(authority),
            "renew_after": args["renew_after"],
        }
        first: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args=order | attempt(), task_vars=task_vars
        )
        if first.get("failed") or not first.get("requests"):
            return first
        signed = {
            name: _signed(issue(authority, wanted[name], request, life_days=args["life_days"]))
            for name, request in first["requests"].items()
        }
        second: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args={**order, "signed": signed} | attempt(), task_vars=task_vars
        )
        if second.get("failed"):
            return second
        for key in ("files", "diff"):  # an answer that is given again has no differences
            second[key] = first.get(key, []) + second.get(key, [])
        second["changed"] = True
        if first.get("sent_twice"):
            second["sent_twice"] = True
        return second


def _wanted(args: dict[str, Any], one: dict[str, Any]) -> Wanted:
    return Wanted(
        host=args["host"],
        name=one["name"],
        purpose=one["purpose"],
        common_name=one["common_name"],
        names=tuple(one["names"]),
        addresses=tuple(one["addresses"]),
        roles=tuple(group.replace("_", "-") for group in args["groups"]),
        internal_domain=args["internal_domain"],
    )


def _order(authority: Authority, wanted: Wanted, consumers: dict[str, list[str]]) -> dict[str, Any]:
    """What the host is told. The digest covers all that goes into the certificate, its issuer included."""
    content = [wanted.purpose, wanted.common_name, wanted.all_names, wanted.addresses, wanted.roles]
    content.append(authority.text(f"{wanted.purpose}/issuer.pem"))
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "name": wanted.name,
        "digest": digest,
        "reload": consumers.get("reload", []),
        "restart": consumers.get("restart", []),
    }


def _anchors(authority: Authority) -> dict[str, str]:
    anchors = {f"{purpose}.pem": authority.text(f"{purpose}/anchor.pem") for purpose in PURPOSES}
    return anchors | {"root.pem": authority.text("root.pem")}


def _signed(chain: str) -> dict[str, Any]:
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    return {
        "chain": chain,
        "begin": int(leaf.not_valid_before_utc.timestamp()),
        "end": int(leaf.not_valid_after_utc.timestamp()),
    }
