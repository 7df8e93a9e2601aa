"""The fields of a packet, and all values that each can take. Sources are the Linux sources of nf_tables (6.1 to 6.18).

| field | values |
|---|---|
| iif, oif | numbers that `names.Interfaces` gives; 0 is "no interface", an unused number stands for any other name |
| family | 4 or 6 |
| saddr, daddr | the address as a number |
| proto | protocol after the extension headers (`meta l4proto`) |
| nexthdr | the first IPv6 next header (`ip6 nexthdr`), which need not be `proto` |
| headed | 1 if the transport header can be read; 0 for later fragments and packets cut short |
| sport, dport | bytes 0-1 and 2-3 of the transport header, whatever the protocol; of ICMP type * 256 + code |
| flags | byte 13 of TCP |
| hop | TTL or hop limit |
| state | conntrack's state, `STATES` |
| direction, mark | of the conntrack entry, where there is one (`TRACKED` states) |
| user | owner of the sending socket; `NOBODY` where no socket sends |
"""

from __future__ import annotations

from shoko.proof.spans import Spans, between, of

INVALID, ESTABLISHED, RELATED, NEW, UNTRACKED = range(5)
STATES = {"invalid": INVALID, "established": ESTABLISHED, "related": RELATED, "new": NEW, "untracked": UNTRACKED}
TRACKED = of((ESTABLISHED, RELATED, NEW))
NOBODY = 1 << 32

# The order counts: where a difference of boxes has to be cut, it is cut along the first of these fields.
VALUES: dict[str, Spans] = {
    "family": of((4, 6)),
    "iif": between(0, 0xFFFF),
    "oif": between(0, 0xFFFF),
    "state": between(0, 4),
    "direction": between(0, 1),
    "mark": between(0, (1 << 32) - 1),
    "proto": between(0, 255),
    "nexthdr": between(0, 255),
    "headed": between(0, 1),
    "saddr": between(0, (1 << 128) - 1),
    "daddr": between(0, (1 << 128) - 1),
    "sport": between(0, 0xFFFF),
    "dport": between(0, 0xFFFF),
    "flags": between(0, 255),
    "hop": between(0, 255),
    "user": between(0, NOBODY),
}
ADDRESSES: dict[int, Spans] = {4: between(0, (1 << 32) - 1), 6: between(0, (1 << 128) - 1)}
