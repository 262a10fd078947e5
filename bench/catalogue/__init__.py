"""Weights that others have published: what there is, how it is fetched and converted, how a run uses it.

Importing this loads no torch; converting does.
"""

from bench.catalogue.entries import AUTHORS, Entry, find_entry, load_catalogue
from bench.catalogue.fetch import fetch_weights, is_here, weights_file
from bench.catalogue.use import Use, use_weights

__all__ = [
    "AUTHORS",
    "Entry",
    "Use",
    "fetch_weights",
    "find_entry",
    "is_here",
    "load_catalogue",
    "use_weights",
    "weights_file",
]
