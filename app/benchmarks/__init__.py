"""Generators and measurements of the ILS; README.md says how they are run and what they gave."""
