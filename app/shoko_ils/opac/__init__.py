"""The public face: search and records."""
