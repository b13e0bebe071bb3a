"""A chat as a file: its whole tree, written so that any site can read it, and read as untrusted.

The ids are the record. A file whose texts differ from its ids is refused, since the reader would
see another text than the model; states are replayed, never taken from the file.
"""
