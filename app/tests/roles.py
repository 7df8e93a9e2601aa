"""Another database role for a test."""

from django.db import connection


def act_as(role: str, search_path: str) -> None:
    """Take on a service's role for the rest of the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {search_path}")
        cursor.execute(f"SET SESSION AUTHORIZATION {role}")
