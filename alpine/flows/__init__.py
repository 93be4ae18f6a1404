"""What understands the operators and expressions of workflow files, without a server."""
