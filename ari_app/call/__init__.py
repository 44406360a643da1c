"""The pure core of a call: its model, its events, its commands, and the one table of transitions."""
