"""What the control node needs of this checkout: built here, installed there by the role `control`."""
