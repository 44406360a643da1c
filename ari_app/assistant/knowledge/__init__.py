"""Data files: the demo airline."""
