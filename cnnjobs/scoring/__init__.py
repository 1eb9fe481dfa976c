"""Metrics of stored predictions: their functions, their table, and the scores of stored runs."""
