"""Rulesets as text, outside Ansible: for tests, for reading, for proofs. The template is the role's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateError

from shoko.policy.errors import PolicyError

TEMPLATE = Path(__file__).resolve().parents[2] / "roles" / "firewall" / "templates" / "ruleset.nft.j2"


def ruleset(content: Mapping[str, object]) -> str:
    """Return the ruleset of a host's slice, the same bytes as the role `firewall` writes.

    Raises PolicyError where the template refuses, above all for an empty list of members.
    """
    # An nft file is no HTML: escaping would corrupt it. The options are those of Ansible's own templates.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701
    try:
        return environment.from_string(TEMPLATE.read_text()).render(shoko=content)
    except TemplateError as error:
        raise PolicyError(f"{content['host']}: the ruleset cannot be rendered: {error.message}") from error
