"""The sandbox's pictures: real ones, of exactly the pixels asked for, the same for the same scene."""

from dataclasses import replace
from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from seedream_hub.providers.sandbox import lettering
from seedream_hub.providers.sandbox.canvas import Canvas
from seedream_hub.providers.sandbox.palettes import choose
from seedream_hub.providers.sandbox.picture import Scene, draw

SCENE = Scene("a red fox in snow", 640, 480, "seed", model="doubao-seedream-4-5-251128")


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def differing(first: bytes, second: bytes) -> tuple[int, int, int, int]:
    """Return the box in which two pictures of one size clearly differ."""
    apart = ImageChops.difference(opened(first).convert("L"), opened(second).convert("L"))
    mask = Image.frombytes("L", apart.size, bytes(255 if level > 40 else 0 for level in apart.tobytes()))
    box = mask.getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize(
    "size",
    [
        (2048, 2048),
        (2848, 1600),
        (1600, 2848),
        (6240, 2656),
        (4096, 256),
        (256, 4096),
        (512, 512),
        (15, 15),
        (14, 900),
        (10_000, 14),
        (14, 10_000),
    ],
)
def test_a_picture_has_exactly_the_pixels_asked_for(size: tuple[int, int]) -> None:
    picture = opened(draw(replace(SCENE, width=size[0], height=size[1])))
    assert (picture.format, picture.size) == ("JPEG", size)


@settings(max_examples=25, deadline=None)
@given(width=st.integers(14, 400), height=st.integers(14, 400), prompt=st.text(max_size=80), index=st.integers(0, 14))
def test_any_prompt_and_shape_can_be_drawn(width: int, height: int, prompt: str, index: int) -> None:
    scene = Scene(prompt, width, height, "seed", index=index, total=15)
    assert opened(draw(scene)).size == (width, height)


def test_the_same_scene_gives_the_same_bytes() -> None:
    assert draw(SCENE) == draw(replace(SCENE))


@pytest.mark.parametrize("change", [{"seed": "other"}, {"index": 1, "total": 2}, {"prompt": "the sea at night"}])
def test_another_seed_index_or_prompt_gives_another_picture(change: dict[str, object]) -> None:
    assert draw(replace(SCENE, **change)) != draw(SCENE)  # pyright: ignore[reportArgumentType] - fields by name


@pytest.mark.parametrize("prompt", ["sea", "mountain", "city", "forest", "desert", "bauhaus", "paper", "雪山"])
def test_every_kind_of_scene_can_be_drawn(prompt: str) -> None:
    picture = opened(draw(replace(SCENE, prompt=prompt)))
    colours = picture.convert("RGB").getcolors(640 * 480)
    assert colours is not None
    assert len(colours) > 1000


@pytest.mark.parametrize(
    ("prompt", "family"),
    [
        ("poster of a city", "city"),
        ("a poster", "bauhaus"),
        ("bauhaus city", "bauhaus"),
        ("seasons by the lake", "sea"),
    ],
)
def test_a_place_in_the_prompt_decides_before_a_form(prompt: str, family: str) -> None:
    assert choose(prompt, Random(0)).family == family


def test_the_glow_of_the_sun_ends_without_an_edge() -> None:
    canvas = Canvas(Image.new("RGB", (200, 200)))
    canvas.glow((100, 100), 60, (255, 255, 255))
    middle = [sum(canvas.rgb.convert("L").crop((x, 100, x + 1, 101)).tobytes()) for x in (39, 41, 45, 100)]
    assert middle[0] == 0
    assert middle[1] <= 1
    assert middle[2] <= 4
    assert middle[3] > 240


def test_png_is_png_and_a_transparent_one_lets_the_ground_through() -> None:
    assert opened(draw(replace(SCENE, output_format="png"))).format == "PNG"
    picture = opened(draw(replace(SCENE, prompt="bauhaus", output_format="png", transparent=True)))
    assert picture.mode == "RGBA"
    assert picture.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("size", [(640, 480), (2048, 2048), (3136, 1344), (800, 1424)])
def test_the_watermark_stands_at_the_lower_right_and_nowhere_else(size: tuple[int, int]) -> None:
    scene = replace(SCENE, width=size[0], height=size[1])
    left, top, right, bottom = differing(draw(scene), draw(replace(scene, watermark=False)))
    assert left > size[0] * 0.6
    assert top > size[1] * 0.85
    assert (right, bottom) <= size


def test_references_are_shown_inside_the_picture() -> None:
    red = BytesIO()
    Image.new("RGB", (300, 200), (255, 0, 0)).save(red, "PNG")
    picture = opened(draw(replace(SCENE, references=(red.getvalue(),)))).convert("RGB")
    reds = [colour for _, colour in picture.getcolors(640 * 480) or () if isinstance(colour, tuple)]
    assert any(colour[0] > 240 and colour[1] < 20 and colour[2] < 20 for colour in reds)


@pytest.mark.parametrize("size", [(640, 480), (2048, 2048), (1600, 2848), (3136, 1344)])
def test_fourteen_references_fit_above_the_text_and_beside_the_badge(size: tuple[int, int]) -> None:
    reference = draw(Scene("sea", 64, 64, "r"))
    scene = replace(SCENE, width=size[0], height=size[1], total=2, references=(reference,) * 14)
    # Of another colour everywhere, so that what differs is all the references cover.
    paler = BytesIO()
    Image.new("RGB", (64, 64), "magenta").save(paler, "PNG")
    left, top, right, bottom = differing(draw(scene), draw(replace(scene, references=(paler.getvalue(),) * 14)))
    assert left > 0
    assert top > 0
    assert right < size[0] * 0.96
    assert bottom < size[1] * 0.45


def test_a_reference_that_is_no_picture_is_named() -> None:
    good = draw(Scene("sea", 64, 64, "r"))
    with pytest.raises(ValueError, match="image 2 cannot be read"):
        draw(replace(SCENE, references=(good, b"<html>")))


def test_a_reference_that_would_fill_the_memory_is_refused_undecoded() -> None:
    bomb = BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(ValueError, match="image 1 cannot be read"):
        draw(replace(SCENE, references=(bomb.getvalue(),)))


def test_chinese_prompts_are_set_in_real_letters() -> None:
    scenes = [replace(SCENE, prompt=prompt, seed="same") for prompt in ("一二三", "鱼鸟虫")]
    left, top, _, bottom = differing(*(draw(scene) for scene in scenes))
    assert left < 640 * 0.2
    assert top > 480 * 0.5
    assert bottom < 480


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a fox 🦊 in snow ❄️", "a fox in snow"),
        ("눈 속의 여우", "…"),
        ("ثعلب في الثلج", "…"),
        ("a लोमड़ी in snow", "a … in snow"),
        ("雪中的狐狸，Fuchs im Schnee: naïve", "雪中的狐狸，Fuchs im Schnee: naïve"),
        ("🦊🦊", "…"),
        ("A “quoted” title…", "A “quoted” title…"),
    ],
)
def test_a_caption_has_no_boxes_for_what_the_font_lacks(prompt: str, shown: str) -> None:
    assert lettering.drawable(prompt) == shown
    assert " ".join(lettering.wrap(prompt, lettering.font(40), 10_000, 1)) == shown


def ink(char: str) -> bytes:
    patch = Image.new("1", (80, 80))
    ImageDraw.Draw(patch).text((0, 0), char, 1, lettering.font(40))
    return patch.tobytes()


def test_every_letter_left_in_a_caption_is_in_the_font() -> None:
    prompts = "a fox 🦊 눈 속의 ثعلب लोमड़ी 狐狸 กขค 𝔉𝔬𝔵 ﷽ Ж é"
    assert [char for char in lettering.drawable(prompts) if ink(char) == ink("\U0010fffd")] == []
