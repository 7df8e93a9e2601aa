"""`shoko matrix`: who may open what to whom, zone by zone, on one page that prints on one sheet."""
