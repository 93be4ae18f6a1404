"""Algorithms that learn from tables, where no library has the one that the server documents."""
