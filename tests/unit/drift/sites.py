"""The lab as a converged site shows itself, with what its proxies run; tests change what they want to slip."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from proof.made import pages

from shoko.declaration.load import load
from shoko.drift.drift import PROXIES, site_drift
from shoko.observe.visit import observation
from shoko.policy import slices
from shoko.proof import rendered

ROOT = Path(__file__).resolve().parents[3]
EVERYWHERE = "0.0.0.0"  # noqa: S104
LISTENERS = {
    "control": [("tcp", EVERYWHERE, 22, "sshd")],
    "gateways": [
        ("tcp", "::", 22, "sshd"), ("udp", EVERYWHERE, 51820, "wireguard-go"), ("udp", EVERYWHERE, 39635, "conntrackd"),
    ],
    "ils_servers": [("tcp", "10.10.40.10", 443, "nginx"), ("tcp", EVERYWHERE, 22, "sshd")],
    "forward_proxies": [
        ("tcp", "10.10.60.10", 3128, "squid"), ("udp", "*", 60131, "squid"), ("udp", EVERYWHERE, 123, "chronyd"),
        ("tcp", "127.0.0.1", 53, "unbound"),
    ],
    "log_collectors": [("tcp", "::", 2514, "rsyslogd")],
}  # fmt: skip


@cache
def declaration():
    return load(ROOT / "inventories" / "lab")


@cache
def _pages():
    made = pages(declaration(), rendered.listings(declaration()))
    content = slices(declaration())
    for host, page in made.items():
        for group in declaration().hosts[host].groups:
            page["listeners"] += [[p, a, n, "", [w]] for p, a, n, w in LISTENERS.get(group, [])]
            if group == PROXIES:
                page["proxy"] = squid_conf(content[host])
    return json.dumps(made)


def squid_conf(part):
    """What role `forward_proxy` writes for a host."""
    role = ROOT / "roles/forward_proxy"
    own = yaml.safe_load((role / "vars/main.yml").read_text())
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    variables = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in own.items()}
    templar = Templar(loader=DataLoader(), variables={**defaults, **variables, "shoko": part})
    return str(templar.template(trust_as_template((role / "templates/squid.conf.j2").read_text())))


def drift(change=lambda pages: None, hosts=None):
    """What is found on the hosts whose pages were changed (or those named), by host."""
    before = json.loads(_pages())
    made = deepcopy(before)
    change(made)
    asked = hosts or [host for host in made if made[host] != before[host]]
    seen = {host: page if isinstance(page, str) else observation(page) for host, page in made.items() if host in asked}
    return {one.host: one for one in site_drift(declaration(), seen, asked)}


def texts(change):
    """The changes found, as lines `host: text`, and what could not be read."""
    found = drift(change).values()
    return [f"{one.host}: {it.text}" for one in found for it in one.changes] + [
        f"{one.host}: UNREAD {reason}" for one in found for reason in one.unread
    ]
