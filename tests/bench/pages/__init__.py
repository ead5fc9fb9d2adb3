"""How fast the pages are with much in the database, on the server and in Chromium."""
