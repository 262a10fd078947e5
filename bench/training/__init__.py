"""How a learner is meta-trained: recipes, the one loop, and its state on disk."""
