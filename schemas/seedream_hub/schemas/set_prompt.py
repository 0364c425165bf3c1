"""State a set's size in its prompt.

A model asked for a set by `sequential_image_generation: auto` alone returns one picture: the number in the prompt
decides, `max_images` only bounds it (measured on 5.0 lite, 2026-06-11; the documents' examples all state it).
"""

import re
from typing import Final

from .prompt import CHINESE, ENGLISH_WORD

_WORDS: Final = (
    [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
    ],
    ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五"],
)
_VALUES: Final = {word: value for words in _WORDS for value, word in enumerate(words, 1)} | {"两": 2}

_EN_NUMBER: Final = rf"(?<![\w.:/-])(?:[1-9]|1[0-5]|{'|'.join(_WORDS[0])})"
_ZH_NUMBER: Final = r"(?<![\d第.:/十])(?<!第\s)(?:1[0-5]|[1-9]|十[一二三四五]?|[一二两三四五六七八九])"
_NO_PICTURE: Final = r"(?!\s*(?:[一-龥]?[椅桌床凳]|沙发|脸|嘴|纸|票|弓|毯|网))"
"""What Chinese counts by the same word as pictures: chairs, tables, beds, faces, sheets."""
_PICTURES: Final = (
    r"(?:images?|pictures?|photos?|photographs?|illustrations?|posters?|paintings?|drawings?|renders?|frames?|panels?"
    r"|variations?|variants?|versions?)\b"
)
_STATED: Final = (
    re.compile(
        rf"(?P<number>{_EN_NUMBER})[ -](?:(?!(?:of|in|on|with|and|for|at)\b)[a-z-]+ ){{0,3}}?{_PICTURES}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:series|set|group|sequence) of (?P<number>{_EN_NUMBER})\b(?!-)", re.IGNORECASE),
    re.compile(rf"(?P<number>{_ZH_NUMBER})\s*(?:张{_NO_PICTURE}|幅)"),
)


_VIEWS: Final = re.compile(rf"(?P<number>{_EN_NUMBER})[ -](?:views|shots|scenes)\b", re.IGNORECASE)

KANA: Final = re.compile(r"[\u3041-\u30ff]")
HANGUL: Final = re.compile(r"[\uac00-\ud7a3]")


def other_numbers(prompt: str, count: int) -> list[int]:
    """Return the numbers of pictures or views the prompt speaks of, where none of them is `count`."""
    numbers = stated_numbers(prompt) | {_value(found["number"]) for found in _VIEWS.finditer(prompt)} - {1}
    return [] if count in numbers else sorted(numbers)


def stated_numbers(prompt: str) -> set[int]:
    """Return the numbers of pictures the prompt speaks of ("3 images", "a series of four", "四张").

    One picture is no set: "in one image" says nothing of how many are wanted.
    """
    return {_value(found["number"]) for pattern in _STATED for found in pattern.finditer(prompt)} - {1}


def set_prompt(prompt: str, count: int) -> str:
    """Return the prompt with the set's size stated, in its own language; as it is where it states it already.

    Chinese, Japanese and Korean have a sentence of their own; any other language gets the English one.

    Another number in it ("a wall with 2 paintings") gives way to the call's, which stands in front.
    """
    if count in stated_numbers(prompt):
        return prompt
    if KANA.search(prompt):
        return f"{count}枚の連作画像を生成してください：{prompt}"
    if HANGUL.search(prompt):
        return f"연작 이미지 {count}장을 생성해 주세요: {prompt}"
    if len(CHINESE.findall(prompt)) > len(ENGLISH_WORD.findall(prompt)):
        return f"生成一组共{count}张图片：{prompt}"
    return f"Generate a series of {count} images: {prompt}"


def _value(number: str) -> int:
    return int(number) if number.isdecimal() else _VALUES[number.lower()]
