"""The only writers of accounts, their rights, and by what people are recognised."""
