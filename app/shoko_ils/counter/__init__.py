"""The staff face: log-in, lend, return, find a patron."""
