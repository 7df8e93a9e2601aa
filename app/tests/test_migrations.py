"""The schema: what the models say and what the migrations make are one."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_model_says_what_no_migration_makes() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
