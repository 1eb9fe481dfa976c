"""Encoded pictures: listed, decoded and kept, whatever kind of data set they come from."""
