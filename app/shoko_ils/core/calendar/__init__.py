"""When a library is open: the pattern that the site declares, national holidays, dated exceptions. Pure functions."""
