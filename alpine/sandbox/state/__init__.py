"""What the sandbox server knows: its records, its files and what a fresh one holds."""
