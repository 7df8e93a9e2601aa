"""The network of a host in a namespace: a cable for each leg, with the addresses, routes and rules of its slice."""


def commands(part):
    """The shell commands that make it."""
    yield "ip link set lo up"
    for number, leg in enumerate(part["legs"]):
        name, table = leg["interface"], leg["table"]
        yield f"ip link add {name} type veth peer far{number}"
        yield f"ip link set {name} up && ip link set far{number} up"
        for flag, family in (("-4", "ipv4"), ("-6", "ipv6")):
            own = leg[family]
            if own is None:
                continue
            nodad = " nodad" if flag == "-6" else ""
            yield f"ip {flag} address add {own['address']}/{own['length']} dev {name}{nodad}"
            mine = [one for one in leg["routes"] if one["family"] == family]
            if part["firewall"]["gateway"]:
                yield from (f"ip {flag} route add {one['to']} via {one['via']} dev {name}" for one in mine)
                continue
            yield f"ip {flag} rule add from {own['address']} table {table} priority {table}"
            yield f"ip {flag} route add {own['prefix']} dev {name} table {table}"
            yield f"ip {flag} route add unreachable default metric 4294967295 table {table}"
            for one in mine:
                yield f"ip {flag} route add {one['to']} via {one['via']} dev {name} table {table}"
                yield f"ip {flag} route add {one['to']} via {one['via']} dev {name} metric {table}"
