"""A prompt that names a reference the call does not have: a warning, and nothing is refused."""

from typing import Any

import pytest

from seedream_hub.schemas.named_references import named_references
from tests.sandboxed import data_uri, picture
from tests.support import Connect, facts_of

FOX: dict[str, Any] = {"model": "seedream-4.0", "size": "1K"}
SOURCE = data_uri(picture((512, 512)))
OTHER = data_uri(picture((512, 640)))


@pytest.mark.parametrize(
    ("prompt", "numbers"),
    [
        ("Dress the woman of image 1 in the coat of Image 3", {1, 3}),
        ("combine images 1, 2 and 3", {1, 2, 3}),
        ("the light of photo #2, the style of reference 4.", {2, 4}),
        ("the dress from picture 3", {3}),
        ("image 1's fox, image 12-style", {1, 12}),
        ("把图1的人换上图3的衣服", {1, 3}),
        ("将图 2 与图片4融合，参考图三的风格", {2, 3, 4}),
        ("第二张图的背景，第3张照片的光线，图十二的颜色", {2, 3, 12}),
    ],
)
def test_numbers_of_images_are_read_in_english_and_chinese(prompt: str, numbers: set[int]) -> None:
    assert named_references(prompt) == numbers


@pytest.mark.parametrize(
    "prompt",
    [
        "Picture 3 foxes in the snow",
        "make the image 3 times brighter, in an image 16:9, image 3D, image 2.5 wide, image 50% darker",
        "three images of a fox, 3 photos",
        'a sign that says "see image 3"',
        "生成插图3张，构图三分法，地图3，三维图3D",
        "海报上写着“见图3”",
        "配图4幅，一图3个人物，图3/4侧面",
    ],
)
def test_other_numbers_name_no_image(prompt: str) -> None:
    assert named_references(prompt) == set()


ONE = "The prompt names image 2, and the call has 1 reference."
TWO = "The prompt names image {named}, and the call has 2 references."
FOUR = {"count": 4, "images": [SOURCE, OTHER]}
CALLS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "edit_image",
        {"prompt": "image 1 in the coat of image 2", "image": SOURCE},
        [ONE],
    ),
    ("edit_image", {"prompt": "image 1 in autumn", "image": SOURCE}, []),
    ("fuse_images", {"prompt": "图1穿上图3的衣服，图5", "images": [SOURCE, OTHER]}, [TWO.format(named="3, 5")]),
    ("fuse_images", {"prompt": "image 2 wears image 1", "images": [SOURCE, OTHER]}, []),
    (
        "batch_images",
        {"prompt": "image 1 is a fox, image 4 its den, image 5 its style", **FOUR},
        [TWO.format(named=5)],
    ),
    ("batch_images", {"prompt": "image 1 is a fox, image 4 its den", **FOUR}, []),
    ("batch_images", {"prompt": "image 1 is a fox, image 3 its den", "count": 2}, []),
]
"""Pictures of a set are named as references are."""


@pytest.mark.parametrize(("tool", "arguments", "warnings"), CALLS)
async def test_a_reference_that_is_named_and_not_given_is_warned_of(
    memory: Connect, tool: str, arguments: dict[str, Any], warnings: list[str]
) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool(tool, {**FOX, **arguments}))
    assert facts["status"] == "completed"
    assert facts["warnings"] == warnings
