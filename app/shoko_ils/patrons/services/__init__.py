"""The only writers of the register of patrons. Each function is one transaction and harmless when repeated."""
