"""Live state and the log of calls and handovers, in Redis."""
