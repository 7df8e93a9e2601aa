"""What hardens a host and says how well: sandboxes of units, scores of what a browser is told."""
