"""Records to boards: which runs a board takes, the rows they make, their ranks, the published numbers beside them."""
