"""Hold the curated colours and what words in a prompt choose among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeVar, get_args

from .canvas import Colour

Family = Literal["mountains", "sea", "dunes", "city", "forest", "bauhaus", "paper"]
Mood = Literal["dawn", "day", "dusk", "night", "snow"]
Name = TypeVar("Name", bound=str)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one light."""

    mood: Mood
    sky: tuple[Colour, ...]
    light: Colour
    far: Colour
    near: Colour
    accent: Colour


@dataclass(frozen=True, slots=True)
class Style:
    """What all pictures of a set have in common."""

    family: Family
    palette: Palette
    inks: tuple[Colour, ...]


def _colours(text: str) -> tuple[Colour, ...]:
    return tuple((int(word[:2], 16), int(word[2:4], 16), int(word[4:], 16)) for word in text.split())


def _palette(mood: Mood, sky: str, rest: str) -> Palette:
    return Palette(mood, _colours(sky), *_colours(rest))


# Sky from the zenith to the horizon; then light, far ground, near ground, accent.
_LIGHTS: Final = (
    _palette("dusk", "2b1b4d 8e3b76 f2767b ffc27a", "fff1c9 c9788f 1d1233 ff9e5e"),
    _palette("dusk", "23395b 6d6a9c e79a8f ffd9a0", "fff4dc c28a97 1b2440 ffb37c"),
    _palette("dusk", "4a2248 a8474f ef8354 ffd275", "fff6d6 d98a63 2d1424 ffc24d"),
    _palette("dusk", "2f2f6b 8673b5 e5a4c4 ffe0cf", "fffaf0 a78fc0 231f45 f7b5a8"),
    _palette("day", "2f6fb0 6fb0de bfe0ef f4f3e6", "fffbe8 9fc3d8 12384a f2b950"),
    _palette("day", "1f7a8c 4fb3bf a9dfd8 f6f1d5", "fffdf0 86c5c4 0b3c49 ffb86b"),
    _palette("day", "4a90b8 93c6d6 d5e6cf f7efcf", "fffbe0 a5c7b0 1f4037 e9a94b"),
    _palette("dawn", "5d7a9c 9fb1c4 e0cfc8 fbe6d0", "fff7e8 b7b9c4 2c3a4f f0a987"),
    _palette("dawn", "6a86b0 b9b4cf f5c6b8 ffe9c9", "fffaf0 c9aeb5 34304f f28f79"),
    _palette("dawn", "2d5d62 6fa39a c9d8b6 f9ecc4", "fffbe6 9dbba6 16333a eeb868"),
    _palette("night", "070b24 14204f 2c4680 5f86b5", "f4f1de 3d5a8f 050a1c ffd58a"),
    _palette("night", "0d0a26 2a1b54 5a3b86 a76aa6", "fbe9e7 5e4390 0b0720 ffc48a"),
    _palette("night", "04141f 0b3340 1c6470 5fae9f", "eef7e4 2c7075 031016 ffdf91"),
    _palette("snow", "4c7ea8 93b8d3 d6e5ee fbf6ef", "ffffff c5d8e6 2b4a63 f0b67f"),
    _palette("snow", "1c2c55 44639a 9db5d6 f1d9d3", "fff3e8 93aad0 1a2747 ffc9a3"),
)
_SANDS: Final = (
    _palette("dusk", "3a2352 9b4a6b f08a5d ffd28f", "fff3cf e2925f 4a1d2c ffdca0"),
    _palette("dusk", "2c4a6e 7f8fae f0b99b ffe3b3", "fff8e1 e0a070 53283a ffe2b5"),
    _palette("dawn", "6d8fb3 b9c3cf f3d9bf ffeccb", "fffaf0 e6bf94 6b3f36 fff0d0"),
    _palette("day", "2d84b8 77b9d6 cfe5e2 faf0d8", "fffdf2 edc488 7d4526 fff1cc"),
    _palette("night", "080c28 1b2350 3f4478 8a7a9c", "f6f0dc 62608f 14122f c9bfe0"),
    _palette("snow", "4c7ea8 93b8d3 d6e5ee fbf6ef", "ffffff dfeaf2 5b7f9d ffffff"),
)
# Paper, ink, then the colours that go on the paper.
_PRINTS: Final = (
    _colours("f2e8d5 1d2a3a d8412f f0b429 2a6f97 8cb8a6"),
    _colours("efe6dd 22223b c9483b f2a541 3d5a80 98c1d9"),
    _colours("f4ecd8 2b2118 e4572e f3a712 29335c a8c686"),
    _colours("f6efe6 1b2a41 ef6351 f7b267 4d7ea8 2f4858"),
    _colours("ece4d9 2d1e2f a4343a e9b44c 1c5d62 c9ada7"),
)

# The first of these words in a prompt decides; the order here settles ties.
_FAMILY_WORDS: Final[dict[Family, str]] = {
    "sea": "sea bay ocean beach wave coast island boat ship sail harbour lake whale 海 湖 浪 船 岛 沙滩",
    "mountains": "mountain peak alps hill valley cliff canyon glacier volcano 山 峰 岭 谷 火山",
    "city": "city skyline street tower skyscraper building neon cyberpunk downtown 城市 都市 城 街 楼 霓虹",
    "forest": "forest tree wood pine jungle aurora cabin 森林 树 林 松 极光",
    "dunes": "desert dune sand sahara camel oasis 沙漠 沙丘 骆驼",
    "bauhaus": "bauhaus abstract geometric 包豪斯 抽象 几何",
    "paper": "paper ribbon origami pattern 纸 剪纸 折纸 图案",
}
# What speaks of a form, not of a place, decides only where nothing above does.
_FORM_WORDS: Final[dict[Family, str]] = {"bauhaus": "poster logo icon minimal 海报 图标"}
_MOOD_WORDS: Final[dict[Mood, str]] = {
    "night": "night midnight moon star stars aurora neon 夜 月 星 极光 霓虹",
    "dusk": "sunset dusk evening twilight golden 日落 夕阳 黄昏 傍晚 晚霞",
    "dawn": "sunrise dawn morning mist fog 日出 黎明 清晨 早晨 晨 雾",
    "snow": "snow snowy winter ice frozen 雪 冬 冰",
    "day": "noon midday sunny daylight summer 白天 正午 晴 阳光 夏",
}


def choose(prompt: str, rng: Random) -> Style:
    """Pick the style the prompt speaks of, and by `rng` what it leaves open."""
    family = _spoken(prompt, _FAMILY_WORDS) or _spoken(prompt, _FORM_WORDS) or rng.choice(get_args(Family))
    lights = _SANDS if family == "dunes" else _LIGHTS
    mood = _spoken(prompt, _MOOD_WORDS)
    fitting = [palette for palette in lights if palette.mood == mood]
    inks = rng.choice(_PRINTS)
    palette = rng.choice(fitting or lights)
    return Style(family, palette, inks)


def _spoken(prompt: str, table: dict[Name, str]) -> Name | None:
    found = [(_place(prompt.lower(), words), name) for name, words in table.items()]
    place, name = min(found, key=lambda entry: entry[0])
    return name if place <= len(prompt) else None


def _place(prompt: str, words: str) -> int:
    pattern = "|".join(rf"\b{word}(?:s|es)?\b" if word.isascii() else word for word in words.split())
    found = re.search(pattern, prompt, re.ASCII)
    return found.start() if found else len(prompt) + 1
