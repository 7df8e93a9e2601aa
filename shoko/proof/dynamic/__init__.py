"""The proof by real packets: which are sent, and what has to become of each."""
