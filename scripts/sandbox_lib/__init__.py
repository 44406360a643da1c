"""A private Asterisk for people and tests: provisioned from the machine's own package mirror, changing nothing on the host."""
