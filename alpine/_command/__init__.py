"""The command ``alpine``: one module for each group of commands; what talks to a server is loaded when it is needed."""
