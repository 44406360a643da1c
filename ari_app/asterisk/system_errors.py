"""Says in a few words what the operating system refused: asyncio's own texts repeat the address and the exception's name."""

import os


def in_words(error: OSError) -> str:
    """ "Connection refused", "Name or service not known", "no answer" (TimeoutError)."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no answer"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error.strerror or error)  # a name lookup's own words; its numbers are below 0
