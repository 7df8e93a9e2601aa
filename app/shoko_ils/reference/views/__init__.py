"""Pages of reference."""
