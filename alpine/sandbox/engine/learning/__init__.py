"""Algorithms that learn from a table, one module each."""
