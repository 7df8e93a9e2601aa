"""Tools of the lab tests: the converged lab as its declaration sees it, and connections from real hosts."""
