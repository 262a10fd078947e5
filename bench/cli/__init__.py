"""The command line: one module per group of verbs, no logic. Heavy imports happen inside the commands."""
