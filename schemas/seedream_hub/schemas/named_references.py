"""Find the references a prompt names ("image 3", "图3") that the call does not have."""

import re
from typing import Final

from .language import listed, say_many

QUOTED: Final = re.compile(r'"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』')
"""Text to render, which names nothing."""

_END: Final = r"(?!\w|[.:/×]\d|\s*(?:times\b|[%×]))"
_AND: Final = r"\s*(?:,\s*and|,|&|-|–|\band\b|\bor\b|\bto\b)\s*"
_ENGLISH: Final = (
    re.compile(rf"\b(?:image|photo|reference|(?<=[a-z,]\s)picture)\s+#?(\d{{1,2}}){_END}", re.IGNORECASE),
    re.compile(rf"\b(?:images|photos|references)\s+(\d{{1,2}}(?:{_AND}\d{{1,2}})*){_END}", re.IGNORECASE),
)

_DIGITS: Final = "零一二三四五六七八九十"
_ZH: Final = rf"(\d{{1,2}}|十?[{_DIGITS[1:]}])"
_NO_COUNT: Final = r"(?!\s*[\d张幅个种款组份页套枚层行列格分角段等维DKk:：/×.%])"
"""What follows a number that counts something, or is a share of it ("构图三分")."""
_CHINESE: Final = (
    re.compile(rf"(?<![地插配拼构草截贴版蓝意企试力绘制])图[片像]?\s*{_ZH}{_NO_COUNT}"),
    re.compile(rf"第\s*{_ZH}\s*[张幅](?:参考|输入)?(?:图|照片)"),
)


def named_references(prompt: str) -> set[int]:
    """Return the numbers of the images the prompt names."""
    bare = QUOTED.sub(" ", prompt)
    english = [number for form in _ENGLISH for found in form.findall(bare) for number in re.findall(r"\d+", found)]
    chinese = [found for form in _CHINESE for found in form.findall(bare)]
    return {*map(int, english), *map(_value, chinese)}


def naming_warnings(prompt: str, given: int, made: int) -> list[str]:
    """Warn where the prompt names images that are neither references nor, in a set, pictures to be made."""
    beyond = sorted(number for number in named_references(prompt) if number > max(given, made))
    if not given or not beyond:
        return []
    told = say_many(
        "The prompt names image {named}, and the call has {count} reference.",
        "The prompt names image {named}, and the call has {count} references.",
        given,
        named=listed(map(str, beyond)),
    )
    return [told]


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    return sum(map(_DIGITS.index, number))
