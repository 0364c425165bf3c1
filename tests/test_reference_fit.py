"""Fitting references to what an upstream takes: every rule, every format, and no location in the result."""

import asyncio
import hashlib
import struct
from contextlib import suppress
from io import BytesIO
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from seedream_hub.jobs.reference_fit import Fitted, fit
from seedream_hub.jobs.references import FileReference
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import ReferenceRules, packaged_limits
from tests.pictures import MARKER, claimed, drawn, located, location, opened, picture, saved

LIMITS = packaged_limits()
ARK = LIMITS.model("ark", "seedream-4.5").references
NOVITA = LIMITS.model("novita", "seedream-4.0").references
KINDS = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif")
PROFILES = {
    rules: f"{provider}/{name}"
    for provider, entry in LIMITS.providers.items()
    for name, model in entry.models.items()
    if (rules := model.references).max != 0
}
every_profile = pytest.mark.parametrize("rules", PROFILES, ids=PROFILES.values())


def rules_with(**changes: Any) -> ReferenceRules:
    return ARK.model_copy(update=changes)


async def fitted(
    content: bytes, rules: ReferenceRules = ARK, *, convert: bool = True, origin: str = "/home/me/photo.x"
) -> Fitted:
    reference = FileReference(content, hashlib.sha256(content).hexdigest(), origin)
    return await fit(reference, rules, "images[0]", convert=convert, label="Novita")


async def refusal(content: bytes, rules: ReferenceRules = ARK, *, convert: bool = True) -> str:
    with pytest.raises(ArgumentError) as caught:
        await fitted(content, rules, convert=convert)
    assert caught.value.message.startswith("images[0] (photo.x) ")
    return caught.value.message


def has_location(content: bytes) -> bool:
    image = opened(content)
    places = image.getexif().get_ifd(0x8825)
    return bool(places) or MARKER in content or "xmp" in image.info


@every_profile
async def test_every_format_a_profile_takes_goes_out_as_it_is(rules: ReferenceRules) -> None:
    for kind in rules.formats or ("jpeg", "png", "webp"):
        result = await fitted(picture(kind), rules, convert=False)
        assert result.mime_type == f"image/{kind}".replace("heif", "heic")
        assert result.warnings == ()


@every_profile
async def test_every_other_format_is_refused_or_converted_and_that_is_said(rules: ReferenceRules) -> None:
    taken = rules.formats or ("jpeg", "png", "webp")
    for kind in set(KINDS) - set(taken):
        message = await refusal(picture(kind), rules, convert=False)
        assert f"is {kind.upper()}; Novita takes " in message
        assert "SEEDREAM_CONVERT=auto" in message
        result = await fitted(picture(kind), rules)
        assert result.mime_type == "image/jpeg"
        assert opened(result.content).format == "JPEG"
        (warning,) = result.warnings
        assert warning.startswith(f"images[0]: photo.x was converted from {kind.upper()} to JPEG (Novita takes ")


@every_profile
async def test_the_ratios_of_a_profile_are_kept(rules: ReferenceRules) -> None:
    if rules.ratio is None:
        assert (await fitted(picture("png", 1700, 100), rules)).width == 1700
        return
    widest = round(rules.ratio[1] * 100)
    assert (await fitted(picture("png", widest, 100), rules)).width == widest
    assert (await fitted(picture("png", 100, widest), rules)).height == widest
    for size in ((widest + 1, 100), (100, widest + 1)):
        message = await refusal(picture("png", *size), rules)
        assert "ratio" in message
        assert f"1/{rules.ratio[1]:g} to {rules.ratio[1]:g}" in message


@every_profile
async def test_the_shortest_side_of_a_profile_is_kept(rules: ReferenceRules) -> None:
    if rules.min_side_exclusive is None:
        return
    least = rules.min_side_exclusive
    assert (await fitted(picture("png", least + 1, least + 1), rules)).width == least + 1
    message = await refusal(picture("png", least, least + 1), rules)
    assert f"takes sides longer than {least} px" in message


async def test_too_few_pixels_cannot_be_mended() -> None:
    message = await refusal(picture("png", 16, 16), rules_with(pixels=(400, 1000)))
    assert "is 16x16, 256 px; Novita takes 400 px and more" in message


@every_profile
async def test_more_pixels_than_a_profile_takes_are_refused_by_the_header(rules: ReferenceRules) -> None:
    if rules.pixels is None:
        return
    assert "at most 36,000,000 px" in await refusal(claimed(6000, 6001), rules, convert=False)


@every_profile
async def test_more_bytes_than_a_profile_takes_are_refused(rules: ReferenceRules) -> None:
    if rules.max_bytes is None:
        return
    padded = bytearray(saved(drawn(), "bmp") + b"\0" * rules.max_bytes)
    message = await refusal(bytes(padded), rules_with(max_bytes=rules.max_bytes), convert=False)
    assert f"Novita takes at most {rules.max_bytes:,} bytes" in message


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "bmp", "heic"])
async def test_a_picture_of_too_many_pixels_is_scaled_down_at_its_ratio(kind: str) -> None:
    result = await fitted(picture(kind, 400, 300), rules_with(pixels=(196, 2500)))
    assert (result.width, result.height) == opened(result.content).size == (57, 43)
    assert any("was scaled from " in warning and "57x43" in warning for warning in result.warnings)


@pytest.mark.parametrize("size", [(1600, 100), (100, 1600)])
async def test_scaling_never_pushes_a_ratio_over_its_bound(size: tuple[int, int]) -> None:
    result = await fitted(picture("png", *size), rules_with(pixels=(196, 33_333)))
    assert result.width * result.height <= 33_333
    assert 1 / 16 <= result.width / result.height <= 16


async def test_too_many_bytes_are_compressed_and_if_that_is_not_enough_scaled() -> None:
    noise = saved(Image.effect_noise((400, 300), 90), "jpeg", quality=100)
    light = await fitted(noise, rules_with(max_bytes=60_000))
    assert len(light.content) <= 60_000
    assert (light.width, light.height) == (400, 300)
    done = f"was compressed from {len(noise):,} to {len(light.content):,} bytes (Novita takes at most 60,000 bytes)"
    assert light.warnings == (f"images[0]: photo.x {done}.",)
    small = await fitted(noise, rules_with(max_bytes=10_000))
    assert len(small.content) <= 10_000
    assert small.width < 400
    assert f"was scaled to {small.width}x{small.height} to keep within 10,000 bytes" in small.warnings[-1]
    strip = saved(Image.effect_noise((1600, 100), 90), "jpeg")
    narrow = await fitted(strip, rules_with(max_bytes=20_000))
    assert narrow.width / narrow.height <= 16
    assert "cannot be made small enough" in await refusal(noise, rules_with(max_bytes=300))


async def test_a_png_without_transparency_becomes_a_jpeg_where_it_has_too_many_bytes() -> None:
    noise = saved(Image.effect_noise((200, 200), 90), "png")
    assert (await fitted(noise, rules_with(max_bytes=30_000))).mime_type == "image/jpeg"
    image = Image.effect_noise((200, 200), 90).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((200, 200)))  # pyright: ignore[reportUnknownMemberType]
    result = await fitted(saved(image, "png"), rules_with(max_bytes=30_000))
    assert (result.mime_type, opened(result.content).has_transparency_data) == ("image/png", True)
    assert len(result.content) <= 30_000


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
async def test_metadata_is_cut_out_and_every_pixel_stays(kind: str) -> None:
    before = located(kind)
    assert MARKER in before
    result = await fitted(before, convert=False)
    assert result.mime_type == f"image/{kind}"
    assert not has_location(result.content)
    assert opened(result.content).tobytes() == opened(before).tobytes()
    assert result.warnings == ()


async def test_a_second_picture_behind_the_first_one_goes_with_its_location() -> None:
    other = Image.open(BytesIO(located("jpeg")))
    before = saved(drawn(), "mpo", save_all=True, append_images=[other], exif=location())
    assert before.count(b"MARKER description") == 2
    result = await fitted(before, convert=False)
    assert not has_location(result.content)
    assert opened(result.content).tobytes() == opened(before).tobytes()


@pytest.mark.parametrize("kind", [b"\xffxif", b"mime", b"uri ", b"abcd"])
async def test_a_heic_with_an_item_that_is_no_pixels_never_goes_out_as_it_is(kind: bytes) -> None:
    before = located("heic").replace(b"Exif", kind)  # \xffxif: pi-heif's own plugin crashes on it
    result = await fitted(before)
    assert result.mime_type == "image/jpeg"
    assert MARKER not in result.content


@pytest.mark.parametrize("kind", ["tiff", "heic", "avif"])
async def test_what_metadata_cannot_be_cut_out_of_is_saved_again_or_refused(kind: str) -> None:
    before = located(kind)
    assert MARKER in before
    result = await fitted(before)
    assert result.mime_type == "image/jpeg"
    assert not has_location(result.content)
    assert len(result.warnings) == 1
    assert "SEEDREAM_CONVERT=auto" in await refusal(before, convert=False)


async def test_a_gif_with_a_comment_is_saved_again_without_it() -> None:
    before = saved(drawn(), "gif", comment=b"MARKER")
    result = await fitted(before)
    assert MARKER in before
    assert MARKER not in result.content


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(2, 9))
async def test_a_turned_picture_is_turned_upright_and_that_is_said(kind: str, orientation: int) -> None:
    before = located(kind, orientation)
    upright = ImageOps.exif_transpose(opened(before)).convert("RGB")
    result = await fitted(before, rules_with(formats=("jpeg", "png", "webp", "tiff", "avif")))
    after = opened(result.content).convert("RGB")
    assert (result.width, result.height) == after.size == upright.size
    for x, y in ((5, 5), (after.width - 5, 5), (5, after.height - 5), (after.width - 5, after.height - 5)):
        assert (after.getpixel((x, y))[0] > 150) == (upright.getpixel((x, y))[0] > 150)  # pyright: ignore
    assert any("was turned upright" in warning for warning in result.warnings)
    assert not has_location(result.content)


async def test_a_turned_picture_is_refused_where_nothing_may_be_converted() -> None:
    message = await refusal(located("jpeg", 6), convert=False)
    assert "is stored turned, and Novita ignores the EXIF mark" in message
    assert "SEEDREAM_CONVERT=auto" in message


async def test_the_ratio_that_counts_is_that_of_the_upright_picture() -> None:
    lying = located("jpeg", 6, drawn(400, 100))
    message = await refusal(lying, rules_with(ratio=(0.5, 10)))
    assert "is 100x400, ratio 0.25; Novita takes 1/2 to 10" in message


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
async def test_the_colour_profile_is_kept(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # pyright: ignore
    before = saved(drawn(), kind, icc_profile=profile)
    for rules in (ARK, rules_with(pixels=(196, 2000))):
        assert opened((await fitted(before, rules)).content).info["icc_profile"] == profile


def many(kind: str) -> bytes:
    others = [Image.new("RGB", (64, 48), colour) for colour in ("green", "white")]
    return saved(drawn(), kind, save_all=True, append_images=others, duration=100)


@pytest.mark.parametrize("kind", ["gif", "webp", "tiff"])
async def test_of_an_animation_the_first_picture_is_sent_and_that_is_said(kind: str) -> None:
    result = await fitted(many(kind))
    assert any("only the first is sent" in warning for warning in result.warnings)
    after = opened(result.content)
    assert getattr(after, "n_frames", 1) == 1
    assert after.convert("RGB").getpixel((5, 5))[0] > 150  # pyright: ignore
    assert "holds several pictures" in await refusal(many(kind), convert=False)


async def test_an_animated_png_becomes_its_still_picture_without_being_drawn_again() -> None:
    before = many("png")
    result = await fitted(before, convert=False)
    assert b"acTL" in before
    assert b"acTL" not in result.content
    assert opened(result.content).tobytes() == opened(before).tobytes()
    assert result.warnings == ("images[0]: photo.x is animated; only its still picture is sent.",)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "LAB"])
async def test_a_picture_of_any_colour_mode_is_converted(mode: str) -> None:
    source = drawn(mode="L" if mode in {"I;16", "I", "F"} else "RGB")
    if mode in {"I;16", "I"}:
        image = source.convert("I").point(lambda level: level * 257).convert(mode)  # pyright: ignore
    elif mode == "LAB":
        rgb, lab = (ImageCms.createProfile(space) for space in ("sRGB", "LAB"))  # pyright: ignore
        image = ImageCms.profileToProfile(source, rgb, lab, outputMode="LAB")  # pyright: ignore
        assert image
    else:
        image = source.convert(mode)
    kind = "png" if mode == "LA" else "tiff"
    result = await fitted(saved(image, kind), rules_with(formats=("jpeg", "png"), pixels=(196, 3000)))
    after, expected = opened(result.content).convert("L"), source.convert("L")
    for x in (0.1, 0.9):
        got = after.getpixel((int(x * after.width), 3))
        assert abs(got - expected.getpixel((int(x * 64), 4))) < 25, (mode, x)  # pyright: ignore


async def test_a_cmyk_jpeg_and_a_palette_picture_with_transparency_keep_their_looks() -> None:
    small = rules_with(pixels=(196, 2000))
    cmyk = await fitted(saved(drawn(mode="CMYK"), "jpeg"), small)
    assert opened(cmyk.content).mode == "RGB"
    palette = saved(drawn().quantize(8), "gif", transparency=0)
    result = await fitted(palette, NOVITA)
    assert (result.mime_type, opened(result.content).mode) == ("image/png", "RGBA")


async def test_an_alpha_channel_that_hides_nothing_is_no_transparency() -> None:
    image = drawn()
    image.putalpha(255)
    assert (await fitted(saved(image, "webp"), NOVITA)).mime_type == "image/jpeg"
    assert (await fitted(saved(drawn(mode="RGBA"), "webp"), NOVITA)).mime_type == "image/png"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is an empty file"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
        (b"<!DOCTYPE html><html></html>", "is an HTML page"),
        (b"%PDF-1.7\n", "is a PDF"),
        ("ein Brief, höflich".encode(), "is text"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "is text"),
        (b"PK\x03\x04" + b"\0" * 40, "is a ZIP archive"),
        (b"\0\0\0\x18ftypisom" + b"\0" * 40, "is a video"),
        (b"\x7fELF\x02\x01\x01\0", "is no picture of a format read here"),
        (b"BM, a text that begins so", "is text"),
        (b"\x89PNG\r\n\x1a\n", "is cut short"),
        (b"\xff\xd8\xff\xe0", "is cut short"),
    ],
)
async def test_what_is_no_picture_is_refused_by_what_it_is(content: bytes, what: str) -> None:
    message = await refusal(content)
    assert what in message
    assert "OPENSSH" not in message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_truncated_picture_is_refused(kind: str) -> None:
    whole = picture(kind)
    for rules in (ARK, NOVITA):
        for share in (0.5, 0.9):
            await refusal(whole[: int(len(whole) * share)], rules)


async def test_a_wrong_extension_does_not_matter() -> None:
    assert (await fitted(picture("webp"), origin="/home/me/photo.png")).mime_type == "image/webp"


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 1), (20_000, 5_001)])
async def test_a_picture_that_claims_to_be_huge_is_refused_by_its_header(size: tuple[int, int]) -> None:
    message = await refusal(claimed(*size), rules_with(pixels=None, ratio=None))
    assert f"says it is {size[0]}x{size[1]}" in message
    assert "100,000,000 px are read at most" in message


async def test_a_webp_that_claims_to_be_huge_is_refused_before_its_decoder_takes_memory() -> None:
    content = bytearray(located("webp"))
    content[24:30] = struct.pack("<I", 16_382)[:3] * 2
    assert "says it is 16383x16383" in await refusal(bytes(content))


async def test_a_refusal_cites_where_the_limit_stands() -> None:
    reference = FileReference(picture("gif"), "", "fox.gif")
    with pytest.raises(ArgumentError, match=r"\(source: Novita's page, read 2026-09-01\)"):
        await fit(reference, NOVITA, "image", convert=False, source="Novita's page, read 2026-09-01")


async def test_a_data_uri_names_the_format_in_lower_case() -> None:
    result = await fitted(picture("png"))
    assert result.data_uri.startswith("data:image/png;base64,iVBORw0KGgo")


async def test_the_event_loop_goes_on_while_a_picture_is_converted() -> None:
    turns = 0
    async with anyio.create_task_group() as tasks:

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        tasks.start_soon(count)
        await fitted(picture("tiff", 800, 600), NOVITA)
        tasks.cancel_scope.cancel()
    assert turns > 10


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow warns of tags it skips
@given(st.sampled_from(KINDS), st.data())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_picture_is_sent_or_refused_but_never_breaks_anything(kind: str, data: st.DataObject) -> None:
    content = bytearray(located(kind) if kind not in {"gif", "bmp"} else picture(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ArgumentError):
        asyncio.run(fitted(bytes(content), data.draw(st.sampled_from([ARK, NOVITA]))))
