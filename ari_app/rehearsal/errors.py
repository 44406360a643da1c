"""What can go wrong in a rehearsal, in words for the person who runs it."""

from __future__ import annotations

from ari_app.errors import AriAppError, BadSettings


class PhoneError(AriAppError):
    """A phone could not do what its person wanted."""


class ScriptError(BadSettings):
    """The rehearsal script cannot be used as it stands."""


class StepFailed(AriAppError):
    """What a step of the script waited for did not happen."""
