"""The words that are recognised: ten digits. Output 0 is none of them, output k is word k − 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
#: The digits for voices of other languages: read by their rules they sound English with an accent.
SPELLINGS = {
    language: tuple(spelled.split())
    for language, spelled in {
        "de": "siro wann tuu srie foor faif sicks sewwen äit nein",
        "el": "ζίρο ουάν του θρι φορ φάιβ σιξ σέβεν έιτ νάιν",
        "es": "siro uan tu zri for faiv six seven eit nain",
        "fi": "siro uan tuu trii foor faiv siks seven eit nain",
        "fr": "ziro ouanne tou sri faure faïve sixe sévène éïte naïne",
        "hi": "ज़ीरो वन टू थ्री फ़ोर फ़ाइव सिक्स सेवन एट नाइन",
        "hu": "zíró uan tú szrí for fájv sziksz szeven ejt nájn",
        "it": "ziro uan tu tri for faiv six seven eit nain",
        "nl": "ziero wan toe srie foor faaiv siks seven eet nain",
        "pl": "ziro łan tu sri for fajw siks sewen ejt najn",
        "pt": "ziro uan tu tri for faive sics séven eite naine",
        "ro": "ziro uan tu tri for faiv sics seven eit nain",
        "ru": "зиро уан ту сри фор файв сикс сэвэн эйт найн",
        "sv": "siro wan tuu tri for fajv sicks seven ejt najn",
        "tr": "ziro van tu tri for fayv siks sevın eyt nayn",
    }.items()
}
#: The output for "no word here", which the CTC loss calls blank.
NO_WORD = 0
OUTPUTS = 1 + len(DIGITS)


def words_in(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of a checkpoint's outputs; its config.json may be anything."""
    outputs = config.get("outputs")
    return DIGITS if outputs == OUTPUTS else ()
