"""System users whose connections are told apart by the host's own rules (`as:` in a flow).

Rules carry numbers, because a ruleset has to load before the service (and with it its user) is installed. The numbers
lie in 58000-58999: neither Debian's dynamic nor its static ranges (Debian Policy 9.2.2) hand them out.
"""

from shoko.policy.errors import PolicyError

RESERVED_UIDS: dict[str, int] = {
    "ils-public": 58001,
    "ils-staff": 58002,
    "ils-owner": 58003,
}


def uid_of(user: str, where: str) -> int:
    """Return the number reserved for a system user; PolicyError names the known ones."""
    if user not in RESERVED_UIDS:
        raise PolicyError(f"{where}.from.as: no number is reserved for {user} (known: {', '.join(RESERVED_UIDS)})")
    return RESERVED_UIDS[user]
