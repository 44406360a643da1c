"""Data files: English."""
