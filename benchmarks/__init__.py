"""`python -m benchmarks`: what batching, carried memory and visible gates cost, as ratios."""
