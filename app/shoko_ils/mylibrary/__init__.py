"""My Library: what a citizen does for himself, and the desk that does it for him."""
