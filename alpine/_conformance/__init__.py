"""What the client expects of a server, as one table, and how it is tried on a live one."""
