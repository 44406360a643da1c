"""Progress and errors for a person at a terminal: stdout stays free for the answer, everything else goes to stderr."""

import sys


class SandboxError(Exception):
    """Something a person has to know: what is wrong, and how to mend it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def say(line: str) -> None:
    """Prints one progress line to stderr at once, so that a log or a newcomer sees it when it happens."""
    print(line, file=sys.stderr, flush=True)
