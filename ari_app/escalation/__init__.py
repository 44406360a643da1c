"""Decides when a caller should get a human: signals from what was said, an operator's rules, one explained score.

Pure: no clock, no files, no logging. Texts and parsed data come in as arguments.
"""
