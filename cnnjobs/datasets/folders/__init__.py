"""Folders of pictures, here or in object storage: which of them are classes, and which are parts."""
