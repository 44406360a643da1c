"""`python -m ari_app` is the command line."""

from ari_app.cli import main

main()
