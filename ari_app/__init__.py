"""Hands a phone call from an AI assistant to a human agent, on Asterisk."""

__version__ = "0.1.0"
