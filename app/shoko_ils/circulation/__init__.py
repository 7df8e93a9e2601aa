"""Loan rules, loans, and the only functions that change them."""
