"""Advice on a prompt's length."""

import re
from typing import Final

from .language import later, say
from .limits import Limits, ModelLimits

CHINESE: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
ENGLISH_WORD: Final = re.compile(r"[A-Za-z]+(?:['\u2019-][A-Za-z]+)*")


OTHER_WORD: Final = re.compile(r"[^\s\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


def prompt_warnings(prompt: str, model: ModelLimits, limits: Limits) -> list[str]:
    """Warn where the prompt is longer than the vendor advises: the model then drops elements."""
    counts = (
        (
            len(CHINESE.findall(prompt)),
            model.prompt.advice_chinese_chars,
            later("The prompt has {count} Chinese characters; above {most} the model may drop elements ({source})."),
        ),
        (
            len(ENGLISH_WORD.findall(prompt)),
            model.prompt.advice_english_words,
            later("The prompt has {count} English words; above {most} the model may drop elements ({source})."),
        ),
    )
    source = limits.source(model, "prompt")
    return [say(told, count=count, most=advice, source=source) for count, advice, told in counts if count > advice]


def estimated_tokens(prompt: str) -> int:
    """Return fewer tokens than any tokenizer would count: one a Chinese character, one a run of other letters."""
    return len(CHINESE.findall(prompt)) + len(OTHER_WORD.findall(prompt))
