"""A person's description of a corpus, its faults, and doubts about its language."""

from collections.abc import Iterator
from dataclasses import dataclass

from memory_app.core.messages import Sentence, SentenceError, quoted
from memory_app.core.text.graphemes import graphemes, is_name, is_one_line
from memory_app.models import Corpus

SPLITS, LANGUAGES = ("train", "valid"), ("en", "zh")
#: Graphemes of a name; percent of a corpus that may be its validation split.
NAME_MAX, MOST_VALID = 100, 50


class CorpusError(SentenceError):
    """A corpus that can't be imported or deleted; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class About:
    """A person's description of a corpus; `valid_share` percent become its validation split."""

    name: str
    split: str = "train"
    language: str = "en"
    licence: str = ""
    attribution: str = ""
    valid_share: int = 0

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that an import makes."""
        return SPLITS if self.valid_share else (self.split,)


def about_faults(about: About) -> Iterator[CorpusError]:
    """Everything that is wrong with a description, field by field; a taken name included."""
    name = about.name
    if not is_name(name, 2 * NAME_MAX) or len(graphemes(name)) > NAME_MAX:
        yield CorpusError("A corpus needs a name of 1 to 100 visible characters.", field="name")
    elif set(name) & set(":,/\\"):
        yield CorpusError(
            "A corpus's name may not contain a colon, a comma or a slash.", field="name"
        )
    else:
        there = Corpus.objects.filter(name=name, split__in=about.splits).order_by("split").first()
        if there is not None:
            yield CorpusError(
                "The corpus {name} already has the split {split}.",
                field="name",
                name=quoted(name),
                split=there.split,
            )
    for field_, value, choices in (
        ("split", about.split, SPLITS),
        ("language", about.language, LANGUAGES),
    ):
        if value not in choices:
            yield CorpusError(
                "The split must be train or valid, and the language en or zh.", field=field_
            )
    if not 0 <= about.valid_share <= MOST_VALID:
        yield CorpusError(
            "The validation share is a whole percentage from 0 to {most}.",
            field="valid_share",
            most=MOST_VALID,
        )
    elif about.valid_share and about.split == "valid":
        yield CorpusError(
            "A validation split can only be taken from a train split.", field="valid_share"
        )
    for field_, text, most in (
        ("licence", about.licence, 200),
        ("attribution", about.attribution, 500),
    ):
        if len(text) > most or not is_one_line(text):
            yield CorpusError(
                "Licence and attribution must be one line of at most {most} characters each.",
                field=field_,
                most=most,
            )


def require_description(about: About) -> None:
    """Require a valid description and a free name.

    Raises:
        CorpusError: the first fault.
    """
    for fault in about_faults(about):
        raise fault


def language_doubt(corpus: Corpus) -> Sentence | None:
    """That a corpus' text doesn't look like its language, or None where it does."""
    profile = corpus.profile or {}
    if "han" not in profile or not profile.get("characters"):
        return None  # imported by an older version
    share = profile["han"] / profile["characters"]
    # Chinese has about nine Han characters in ten; a quoted word in English, a hundredth.
    if corpus.language == "en" and share > 0.3:
        return Sentence(
            "Most of its text is Chinese, but its language is English. If that is a mistake,"
            " delete it and import it again."
        )
    if corpus.language == "zh" and share < 0.1:
        return Sentence(
            "It contains hardly any Chinese, but its language is Chinese. If that is a mistake,"
            " delete it and import it again."
        )
    return None
