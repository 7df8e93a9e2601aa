"""Tables and a diagram of what a site declares, for people."""
