"""Boards and comparisons as text: tables, pages, files of numbers."""
