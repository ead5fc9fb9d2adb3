"""How fast the pages are with much in the database: `python -m tests.bench`, which is `make bench`."""
