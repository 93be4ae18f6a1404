"""How records look on the wire, in full and in short."""
