"""Relations: whatever is told of whomever, told, asked for and taken back in people's words."""

from memory_app.core.facts.relations.catalogue import Catalogue, catalogue_of
from memory_app.core.facts.relations.generator import KINDS, Form, generate_relation_dialogue
from memory_app.core.facts.relations.own_words import ask_own_words

__all__ = [
    "KINDS",
    "Catalogue",
    "Form",
    "ask_own_words",
    "catalogue_of",
    "generate_relation_dialogue",
]
