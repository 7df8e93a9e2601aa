"""Copy cataloguing from the National Diet Library search: SRU and DC-NDL, through the information proxy alone."""
