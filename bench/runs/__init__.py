"""One measurement and many: recipes, training, evaluation, timing and the record they leave."""
