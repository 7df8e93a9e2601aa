"""Tools of the segment tests: what the declaration permits, and probes that leave from real hosts."""
