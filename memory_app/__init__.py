"""Gatescope's application: a pure core in folders, Django in the files beside them."""
