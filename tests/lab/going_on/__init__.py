"""People who go on working while a host dies under them."""
