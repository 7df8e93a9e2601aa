"""The append-only, hash-linked record of who did and saw what."""
