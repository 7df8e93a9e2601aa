"""What every unit test has: the collection as Ansible imports it, and properties that no clock judges."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[2]

if not any(type(finder).__name__ == "_AnsibleCollectionFinder" for finder in sys.meta_path):
    _AnsibleCollectionFinder(paths=[str(ROOT)])._install()

# A time limit would test how busy the machine is.
settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
