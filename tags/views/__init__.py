"""The pages, one a file: get, ask, render."""
