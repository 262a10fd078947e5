"""Learners against each other, chosen by hand: which one is better, and what it takes to know."""
