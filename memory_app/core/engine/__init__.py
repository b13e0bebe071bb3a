"""Continuous batching over token ids and states; knows no text, sockets or rows."""
