"""The recall exam about anything that people tell: relations, values and wordings of its own.

Its texts were written by a person who had not read the training's, and training never reads them.
"""
