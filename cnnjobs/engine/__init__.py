"""Runs trials: one after the other in this process, or side by side on Ray."""
