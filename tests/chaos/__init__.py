"""Random faults against a known truth, and an oracle that holds the records against it: `python -m tests.chaos`."""
