"""What the pages show, shaped from the records; no HTTP and no HTML in here."""
