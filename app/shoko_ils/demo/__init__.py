"""The demonstration library: a real catalogue with invented items, patrons and staff."""
