"""Flows that exist only inside a window, opened and closed by a person's command."""
