"""Pages of My Library."""
