"""The operators, one file for each family; every module here is loaded with the registry."""
