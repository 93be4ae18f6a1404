"""How things show themselves: progress, HTML, records."""
