"""The language model: config, state, cells, model, tokenizer, sampling, checkpoint, replay.

Pure Python and torch; it knows nothing of sockets, rows or Django.
"""
