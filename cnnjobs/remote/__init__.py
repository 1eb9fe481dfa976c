"""A cluster elsewhere, through Ray's Jobs API: commands are sent to its head, followed and shown."""
