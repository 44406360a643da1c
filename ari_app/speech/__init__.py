"""The ears and the voice: voice activity, prosody, recogniser and synthesiser behind the protocols of the session."""
