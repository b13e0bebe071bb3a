"""Functions from (model, state, token ids) to numbers that a person can look at."""
