"""What a result says of a picture's layers: which is the base, and how the others lie on it."""

import base64
from typing import Any

import pytest
from PIL import Image

from tests.sandboxed import configured, picture, running
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-5.0-pro", "size": "1K"}


async def test_layers_are_told_from_the_base_up_also_by_the_next_process(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark")) as client:
            (fox,) = facts_of(await client.call_tool("generate_image", FOX))["images"]
            asked = {**FOX, "image": fox["id"], "layer_decomposition": True}
            made = await client.call_tool("edit_image", asked)
    async with memory() as client:
        later = facts_of(await client.call_tool("get_job", {"job_id": facts_of(made)["job_id"]}))
    base, *above = facts_of(made)["images"]
    with Image.open(base["path"]) as opened:
        width, height = opened.size
    places = [(width // 4, height // 4), (0, height * 3 // 4), (width // 8, height // 16)]
    names = zip(above, ("subject", "foreground", "lettering"), places, strict=True)
    order = ", ".join(f"[{image['index']}] {name} at {left},{top}" for image, name, (left, top) in names)
    told = f"[0] background is the base; put the layers on it in this order, left,top in pixels: {order}."
    assert facts_of(made)["next"] == later["next"] == told
    assert text_of(made).endswith(f"\nNext: {told}")


Places = list[dict[str, Any]]
SAID: list[tuple[Places, str | None]] = [
    ([{}, {}], None),
    ([{"z_index": 0}], None),
    (
        [{"z_index": 2, "name": "a\nfox"}, {"z_index": 0}, {"z_index": 1, "name": "n" * 50}],
        f"[1] is the base; put the layers on it in this order, left,top in pixels: [2] {'n' * 37}…, [0] a fox.",
    ),
]


@pytest.mark.parametrize(("places", "told"), SAID)
async def test_the_order_is_told_as_far_as_the_provider_said_it(
    memory: Connect, places: Places, told: str | None
) -> None:
    content, large = (base64.b64encode(picture((side, side))).decode() for side in (64, 512))
    answer = {"data": [{"b64_json": content, **one} for one in places]}
    with serve(Script(answer=answer)) as script:
        async with memory(ark_api_key="k", ark_base_url=script.base_url) as client:
            asked = {**FOX, "image": f"data:image/png;base64,{large}", "layer_decomposition": True}
            facts = facts_of(await client.call_tool("edit_image", asked))
    assert (facts["delivered"], facts["next"]) == (len(places), told)
