"""Items: the copies that stand on the shelves."""
