"""Runs trials on Ray, on this machine or on a cluster that it is a node of."""
