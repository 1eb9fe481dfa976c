"""Runs a job: prepares it, places its trials, runs what is missing and shows how far it is."""
