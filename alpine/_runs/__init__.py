"""The runs of workflows: the engine's calls, the handle of a run, polling, many runs."""
