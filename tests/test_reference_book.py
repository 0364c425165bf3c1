"""What an edit that needs transparency asks of its picture."""

import hashlib
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest

from seedream_hub.jobs.reference_book import BookRules, ReferenceBook
from seedream_hub.jobs.references import FileReference, ReferenceReader
from seedream_hub.schemas.arguments import ImageArguments
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import packaged_limits
from tests.pictures import drawn, picture, saved

LIMITS = packaged_limits()
PRO = LIMITS.model("ark", "seedream-5.0-pro")
KINDS = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "heic")


def book(content: bytes, **options: object) -> ReferenceBook:
    arguments = ImageArguments.model_validate({"prompt": "x", "model": PRO.name, **options})
    reference = FileReference(content, hashlib.sha256(content).hexdigest(), "data URI")
    rules = BookRules(LIMITS, convert=True, purpose=arguments.purpose)
    reader = ReferenceReader((), nothing, LIMITS.call.max_image_bytes)
    return ReferenceBook({"image": reference}, {"image": ""}, reader, rules)


def nothing(_image_id: str) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@pytest.mark.parametrize(("kind", "layers"), [*((kind, False) for kind in KINDS), ("jpeg", True), ("png", True)])
async def test_a_picture_of_any_format_without_transparency_is_refused_where_it_is_needed(
    kind: str, layers: bool
) -> None:
    with pytest.raises(ArgumentError) as caught:
        await book(picture(kind, 600, 500), background="transparent", layer_decomposition=layers or None).fit(
            "ark", PRO
        )
    assert caught.value.argument == "background"
    assert "and image has none" in caught.value.message


@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("kind", ["png", "webp"])
async def test_a_picture_with_transparency_is_taken_where_it_is_needed(kind: str, layers: bool) -> None:
    content = saved(drawn(600, 500, "RGBA"), kind)
    await book(content, background="transparent", layer_decomposition=layers or None).fit("ark", PRO)
