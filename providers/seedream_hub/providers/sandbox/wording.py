"""Read from a prompt how many pictures it asks for.

Ark's `auto` mode leaves the number to the model, which follows the prompt: with `max_images` 4 and no number in
the prompt one picture comes back (measured on 5.0 lite, 2026-06-11), and the documents' own examples say
"Generate 3 images", "a series of 4", "生成3张", "一组共4张".
"""

import re
from typing import Final

from .catalog import CATALOG

_ENGLISH: Final = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight"),
    *("nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
)
_CHINESE: Final = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五")
_VALUES: Final = {
    **{word: value for value, word in enumerate(_ENGLISH, 1)},
    **{word: value for value, word in enumerate(_CHINESE, 1)},
    "两": 2,
}

_DIGITS: Final = r"(?<![\d:：.×x])\d{1,2}(?![\d:：.])"
_EN_NUMBER: Final = rf"(?:{_DIGITS}|\b(?:{'|'.join(_ENGLISH)})\b)"
_ZH_NUMBER: Final = rf"(?:{_DIGITS}|十[一二三四五]?|[一二两三四五六七八九])"
_NOUN: Final = (
    r"(?:images?|pictures?|photos?|photographs?|illustrations?|posters?|paintings?|drawings?|renders?|frames?"
    r"|panels?|shots?|scenes?|views?|variations?|variants?|versions?|options?|stickers?)\b"
)
_ADJECTIVES: Final = r"(?:(?!(?:of|in|on|with|and|for|at|from|to|the|a|an)\b)[a-z-]+ ){0,4}?"
_VERB: Final = r"\b(?:generate|create|make|draw|paint|give me|produce|render)"

_STATED: Final = re.compile(
    rf"(?:series|set|group|batch|collection|sequence) of (?P<of>{_EN_NUMBER})"
    rf"|(?P<before>{_EN_NUMBER})[ -]{_ADJECTIVES}{_NOUN}"
    rf"|{_VERB} (?P<bare>{_EN_NUMBER})\s*(?=$|[.,;:!])"
    rf"|(?<!第)(?P<zh>{_ZH_NUMBER})\s*(?:张|幅|副|帧|枚の|장[을의]|(?:个|种|款)?\s*(?:不同的?|连贯的?)?\s*(?:图片|图像|照片|插画|画面|海报|版本|镜头))",
    re.IGNORECASE,
)
_UNCOUNTED: Final = re.compile(
    r"一组|组图|一系列|\b(?:series|set|group|batch) of (?:\w+ ){0,3}(?:images|pictures|photos|illustrations)\b",
    re.IGNORECASE,
)


def pictures_asked(prompt: str, uncounted: int) -> int:
    """Return the number of pictures the prompt states, 1 when it states none.

    Words and digits count, English and Chinese, as long as they count pictures: "four images", "a series of 3",
    "生成四张"; "four cats" does not. A set named without a number ("一组") gives `uncounted`.
    """
    found = _STATED.search(prompt)
    if found:
        stated = next(value for value in found.groups() if value)
        return max(1, _value(stated.lower()))
    return uncounted if _UNCOUNTED.search(prompt) else 1


def set_size(prompt: str, most: int, references: int) -> int:
    """Return how many pictures the model draws for a set: the stated number, up to `most`, 15 with references."""
    stated = pictures_asked(prompt, CATALOG.limits.images_when_a_set_has_no_number)
    return min(stated, most, CATALOG.limits.references_plus_images - references)


def _value(stated: str) -> int:
    return int(stated) if stated.isdecimal() else _VALUES.get(stated, 1)
