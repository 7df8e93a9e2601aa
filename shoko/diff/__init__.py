"""`shoko diff`: the packets and devices that a change of the declaration permits and denies, before it is applied."""
