"""What a Patroni cluster lacks of its declaration: computed here, without a cluster, so that it can be tested."""

from __future__ import annotations


def difference(live: dict, wanted: dict, path: tuple[str, ...] = ()) -> tuple[dict, list[str]]:
    """Return (body for PATCH /config, sentences) that turn the live settings into the wanted ones.

    Patroni merges a PATCH into what it has and removes a key whose value is null (docs/rest_api.rst of Patroni).
    """
    patch, sentences = {}, []
    for key in sorted(set(live) | set(wanted)):
        name = ".".join((*path, key))
        if key not in wanted:
            patch[key] = None
            sentences.append(f"setting {name} removed (was {live[key]!r})")
        elif isinstance(wanted[key], dict) and isinstance(live.get(key), dict):
            inner, told = difference(live[key], wanted[key], (*path, key))
            if inner:
                patch[key] = inner
            sentences += told
        elif live.get(key) != wanted[key] or key not in live:
            patch[key] = wanted[key]
            sentences.append(
                f"setting {name} set to {wanted[key]!r}" + (f" (was {live[key]!r})" if key in live else "")
            )
    return patch, sentences


def wanted_sql(rows: list[tuple[str, ...]], database: str, owner: str, roles: list[str]) -> list[tuple[str, str]]:
    """Return [(sentence, statement)] that make the log-in roles, the database and who may connect to it.

    `rows` are (kind, name, 't' or 'f'): a role that is as it should be, a database owned as it should be, and the
    grants as `database/grantee/privilege`. One statement each: CREATE DATABASE cannot share a transaction.
    """
    found = {(kind, name): fine == "t" for kind, name, fine in rows}
    attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL"
    todo = []
    for role in roles:
        fine = found.get(("role", role))
        if fine is None:
            todo.append((f"role {role} made", f'CREATE ROLE "{role}" {attributes}'))
        elif not fine:
            todo.append((f"role {role} brought back to LOGIN only", f'ALTER ROLE "{role}" {attributes}'))
    made = ("database", database) in found
    if not made:
        statement = f'CREATE DATABASE "{database}" OWNER "{owner}"'
        todo.append((f"database {database} made", statement))
    elif not found[("database", database)]:
        todo.append((f"database {database} given to {owner}", f'ALTER DATABASE "{database}" OWNER TO "{owner}"'))
    granted = {name.split("/", 1)[1] for (kind, name) in found if kind == "grant" and name.startswith(f"{database}/")}
    if not made or any(one.startswith("PUBLIC/") for one in granted):
        todo.append(
            (f"database {database} closed to everybody else", f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        )
    todo += [
        (f"{role} may connect to {database}", f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
        for role in roles
        if role != owner and f"{role}/CONNECT" not in granted
    ]
    return todo
