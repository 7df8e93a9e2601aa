"""What the declaration permits, as boxes: the second expansion, which shares no code with `shoko.policy`."""
