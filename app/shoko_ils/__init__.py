"""The library information system of Shoko: one code base, a public and a staff service."""
