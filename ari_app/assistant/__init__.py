"""What the assistant says: knowledge articles, booking references and the dialogue of one call."""
