"""The version of this package; it stands here and nowhere else."""

__version__ = "2.0.0"
