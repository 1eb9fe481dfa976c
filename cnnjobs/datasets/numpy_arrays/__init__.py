"""Data sets that are arrays: `.npz` files, and what a function of the user's returns."""
