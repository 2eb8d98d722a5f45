"""Counts words."""


def count(text):
    """Returns how many words a text has."""
    return len(text.split())
