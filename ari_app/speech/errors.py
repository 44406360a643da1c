"""What can go wrong with hearing and speaking during a call, in words for the operator."""

from ari_app.errors import AriAppError


class ListeningFailed(AriAppError):
    """The recogniser or the voice activity detector broke down: this listener hears nothing any more."""


class SpeakingFailed(AriAppError):
    """The synthesiser did not turn a text into sound (it failed, took too long, or wrote no audio)."""
