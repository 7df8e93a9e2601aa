"""Tests of the ILS, against a real PostgreSQL that lives as long as they do."""
