"""The one family of errors that are meant to be read by the person who runs the application."""


class AriAppError(Exception):
    """Something that a person can mend.

    `message` says what is wrong and where, `remedy` how to mend it. The command line prints both, without a traceback, and
    leaves with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n        {self.remedy}" if self.remedy else self.message


class BadSettings(AriAppError):
    """A settings, rules, knowledge or script file that cannot be used as it stands."""

    exit_code = 2


class NotReachable(AriAppError):
    """A server that the application needs does not answer, or does not let it in."""

    exit_code = 3


class ChannelGone(AriAppError):
    """The channel, bridge or playback is no longer in Asterisk. For a hang-up that is success."""
