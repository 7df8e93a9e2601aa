"""What a module is asked for, apart from Ansible's own class: several works can share one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """Options by name, and whether this is check mode and a diff is wanted."""

    params: dict[str, Any]
    check: bool
    diff: bool

    @classmethod
    def of(cls, module: Any) -> Task:
        """Return what ``module`` (an AnsibleModule) was called with."""
        return cls(module.params, module.check_mode, module._diff)
