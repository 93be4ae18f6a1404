"""The road between a socket and a route: server, faults, log-in, parameters, answers."""
