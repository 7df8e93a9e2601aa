"""What a cluster lacks of its declaration, worked out without a cluster."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.shoko.core.plugins.module_utils.patroni_settings import difference, wanted_sql

KEYS = st.sampled_from(["ttl", "loop_wait", "postgresql", "parameters", "slots"])
LEAVES = st.one_of(st.integers(0, 9), st.booleans(), st.sampled_from(["on", "off", "30min"]))
SETTINGS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4), lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=4)
)
ROLES = ["ils_owner", "ils_public", "ils_staff"]
COMPLETE = [
    *(("role", role, "t") for role in ROLES),
    ("database", "shoko", "t"),
    ("grant", "shoko/ils_owner/CONNECT", "t"),
    ("grant", "shoko/ils_public/CONNECT", "t"),
    ("grant", "shoko/ils_staff/CONNECT", "t"),
]


def patched(live: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What Patroni makes of a PATCH: merged key by key, null removes."""
    result = copy.deepcopy(live)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = patched(result[key], value)
        else:
            result[key] = value
    return result


@given(SETTINGS, SETTINGS)
def test_the_patch_turns_the_live_settings_into_the_wanted_ones(live, wanted):
    patch, sentences = difference(live, wanted)
    assert patched(live, patch) == wanted
    assert bool(patch) == bool(sentences)


@given(SETTINGS)
def test_equal_settings_need_nothing(settings):
    assert difference(settings, copy.deepcopy(settings)) == ({}, [])


def test_a_sentence_names_the_setting_and_both_values():
    _, sentences = difference({"postgresql": {"parameters": {"max_connections": 50}}, "slots": {}}, {
        "postgresql": {"parameters": {"max_connections": 100}}
    })  # fmt: skip
    assert sentences == [
        "setting postgresql.parameters.max_connections set to 100 (was 50)",
        "setting slots removed (was {})",
    ]


def test_an_empty_cluster_gets_roles_database_and_closed_doors():
    statements = [statement for _, statement in wanted_sql([], "shoko", "ils_owner", ROLES)]
    assert statements[0].startswith('CREATE ROLE "ils_owner" LOGIN NOSUPERUSER')
    assert 'CREATE DATABASE "shoko" OWNER "ils_owner"' in statements
    assert 'REVOKE ALL ON DATABASE "shoko" FROM PUBLIC' in statements
    assert statements.index('CREATE DATABASE "shoko" OWNER "ils_owner"') == len(ROLES)


def test_a_complete_cluster_needs_nothing():
    assert wanted_sql(COMPLETE, "shoko", "ils_owner", ROLES) == []


def test_a_role_with_more_rights_or_a_password_is_brought_back():
    rows = [("role", "ils_staff", "f") if row[1] == "ils_staff" else row for row in COMPLETE]
    ((sentence, statement),) = wanted_sql(rows, "shoko", "ils_owner", ROLES)
    assert sentence == "role ils_staff brought back to LOGIN only"
    assert statement == (
        'ALTER ROLE "ils_staff" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL'
    )


def test_a_database_opened_to_everybody_is_closed_again():
    rows = [*COMPLETE, ("grant", "shoko/PUBLIC/CONNECT", "t")]
    assert wanted_sql(rows, "shoko", "ils_owner", ROLES) == [
        ("database shoko closed to everybody else", 'REVOKE ALL ON DATABASE "shoko" FROM PUBLIC')
    ]


def test_a_stolen_database_is_given_back():
    rows = [("database", "shoko", "f") if row[0] == "database" else row for row in COMPLETE]
    assert wanted_sql(rows, "shoko", "ils_owner", ROLES) == [
        ("database shoko given to ils_owner", 'ALTER DATABASE "shoko" OWNER TO "ils_owner"')
    ]
