"""HTTP, between a socket and a route: server, faults, log-in, parameters, responses."""
