"""How fast the pages are with much in the database, and what polls take: `python -m tests.bench`, or `make bench`."""
