"""Trials that each do one thing at one instant, and claim what follows from it: `python -m tests.chaos.trials`."""
