"""Data files: one folder of wording and word lists per language."""
