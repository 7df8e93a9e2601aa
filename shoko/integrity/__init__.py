"""Files of hosts against what the last run left there; compared off the host (docs/integrity.md)."""
