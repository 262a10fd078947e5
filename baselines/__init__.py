"""The algorithms that ship with bench: one readable file each, built on the public API only."""
