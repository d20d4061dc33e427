"""`python -m truebook` is `truebook`: how the supervisor starts its children."""

from truebook.cli import main

main()
