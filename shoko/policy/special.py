"""Addresses that are never the internet: the special-purpose registries of IANA (RFC 6890 and its updates).

Listed are the entries whose "Globally Reachable" column is not plainly true, with multicast, which the registries
leave to RFC 5771 and RFC 4291. A lab whose internet is made of example prefixes brings them back by `includes`.
"""

from ipaddress import IPv4Network, IPv6Network

SPECIAL_USE_IPV4: tuple[IPv4Network, ...] = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network, RFC 791
            "10.0.0.0/8",  # private, RFC 1918
            "100.64.0.0/10",  # shared by carriers, RFC 6598
            "127.0.0.0/8",  # loopback, RFC 1122
            "169.254.0.0/16",  # link-local, RFC 3927
            "172.16.0.0/12",  # private, RFC 1918
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.0.2.0/24",  # TEST-NET-1, RFC 5737
            "192.88.99.0/24",  # 6to4 relay, withdrawn, RFC 7526
            "192.168.0.0/16",  # private, RFC 1918
            "198.18.0.0/15",  # benchmarks, RFC 2544
            "198.51.100.0/24",  # TEST-NET-2, RFC 5737
            "203.0.113.0/24",  # TEST-NET-3, RFC 5737
            "224.0.0.0/4",  # multicast, RFC 5771
            "240.0.0.0/4",  # reserved, RFC 1112, with the limited broadcast
        ),
    )
)

SPECIAL_USE_IPV6: tuple[IPv6Network, ...] = tuple(
    map(
        IPv6Network,
        (
            "::/8",  # unspecified, loopback, mapped and translated addresses, RFC 4291, RFC 6052, RFC 8215
            "100::/64",  # discard, RFC 6666
            "2001::/23",  # protocol assignments, RFC 2928
            "2001:db8::/32",  # documentation, RFC 3849
            "2002::/16",  # 6to4, RFC 3056
            "3fff::/20",  # documentation, RFC 9637
            "5f00::/16",  # segment routing identifiers, RFC 9602
            "fc00::/7",  # unique local, RFC 4193
            "fe80::/10",  # link-local, RFC 4291
            "fec0::/10",  # site-local, withdrawn, RFC 3879
            "ff00::/8",  # multicast, RFC 4291
        ),
    )
)
