"""How good is the model, beside what else could have been made of the same data and time?

`python -m benchmarks.quality` measures one contestant at a time, keeps its figures in
docs/results/NAME.json, and writes the model card's table from them.
"""
