"""Knows the language vendors: sentiment, rules files in YAML, the lexicons and default rules that ship with the package."""
