"""The jobs people do with pictures, as prompts: each one call of a tool."""

from typing import Final

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

from seedream_hub.schemas.language import later, say

from .prompts import Call, Choice, Given, Task

DETAILS: Final = Choice("details", later("Anything else that matters"))

SETTINGS: Final = (
    later("On a plain white background"),
    later("On pale stone, with soft light from a window"),
    later("On a wooden table outdoors, in morning sun"),
    later("On a pastel background with one hard shadow"),
    later("In a bright living room"),
)
FILMS: Final = (
    later("Pencil drawing in greys"),
    later("Ink and wash"),
    later("Film still, natural light"),
    later("Animated film, soft shapes"),
    later("Flat shapes, few colours"),
)
POSTERS: Final = (
    later("Swiss typography, strict grid"),
    later("Screen print, three colours"),
    later("Art deco, gold on black"),
    later("Photograph with large type"),
    later("Paper cut-out"),
)
STYLES: Final = (
    later("Watercolour"),
    later("Oil painting with visible brushwork"),
    later("Ukiyo-e woodblock print"),
    later("Chinese ink painting"),
    later("Pencil sketch"),
    later("Pixel art"),
    later("Clay animation"),
)
COLOURS: Final = (
    later("Keep it black and white if it is, and its colours if it has any"),
    later("Colour it, true to its time"),
)


def _product_shots(given: Given) -> Call:
    prompt = say(
        "Product photographs of {product} in image 1, each a picture of its own: from the front, from the side, "
        "a close-up of its material, in use. {setting}. Keep its shape, colours, material, label and logo exactly "
        "as in image 1. Soft even light, true colours, sharp focus.",
        product=given.get("product") or say("the product"),
        setting=given.get("setting") or say(SETTINGS[0]),
    )
    asked = {"images": [given["image"]], "count": int(given.get("count", "4"))}
    return "batch_images", {"prompt": _with_details(prompt, given), **asked, **_shape(given, "1:1")}


def _storyboard(given: Given) -> Call:
    prompt = say(
        "A storyboard, each shot a picture of its own, in the order of the story: {story} Style: {style}. The same "
        "characters, clothes and places in every shot; the framing goes from wide shots to close-ups. No captions, "
        "no frames.",
        story=_sentence(given["story"]),
        style=given.get("style") or say(FILMS[0]),
    )
    images = [given["character"]] if "character" in given else []
    if images:
        prompt = _joined(prompt, say("The main character is the one in image 1."))
    asked = {"count": int(given.get("count", "6")), **({"images": images} if images else {})}
    return "batch_images", {"prompt": _with_details(prompt, given), **asked, **_shape(given, "16:9")}


def _outfit_swap(given: Given) -> Call:
    prompt = say(
        "The person in image 1 wears the outfit in image 2. Keep the face, hair, body, pose and background of "
        "image 1. Take cut, fabric, colours and details of the clothes from image 2; they fall naturally and are lit "
        "as image 1 is."
    )
    return "fuse_images", {"prompt": _with_details(prompt, given), "images": [given["person"], given["outfit"]]}


def _poster(given: Given) -> Call:
    prompt = say(
        'A poster. It shows: {subject} Style: {style}. The headline reads "{text}", large and easy to read.',
        subject=_sentence(given["subject"]),
        style=given.get("style") or say(POSTERS[0]),
        text=_unquoted(given["text"]),
    )
    if "subtitle" in given:
        smaller = say('Below it, in smaller letters: "{subtitle}".', subtitle=_unquoted(given["subtitle"]))
        prompt = _joined(prompt, smaller)
    prompt = _joined(prompt, say("No other text."))
    asked = {"count": int(given.get("count", "1"))}
    return "generate_image", {"prompt": _with_details(prompt, given), **asked, **_shape(given, "2:3")}


def _style_transfer(given: Given) -> Call:
    if "style_image" in given:
        prompt = say(
            "Redraw image 1 in the style of image 2: take its brushwork, colours, light and texture, nothing of what "
            "it shows. Keep the subjects, poses and composition of image 1."
        )
        if "style" in given:
            prompt = _joined(prompt, say("The style: {style}.", style=given["style"]))
        images = [given["image"], given["style_image"]]
        return "fuse_images", {"prompt": _with_details(prompt, given), "images": images}
    if "style" not in given:
        raise MCPError(INVALID_PARAMS, say("{prompt} needs {argument}.", prompt="style_transfer", argument="style"))
    prompt = say(
        "Redraw the picture in this style: {style}. Keep the subjects, poses and composition: only the manner "
        "changes.",
        style=given["style"],
    )
    return "edit_image", {"prompt": _with_details(prompt, given), "image": given["image"]}


def _restore_photo(given: Given) -> Call:
    prompt = say(
        "Restore this old photograph: remove scratches, stains, creases and noise, and mend faded parts. Faces stay "
        "the same people, only sharper. Keep the composition, the clothes and the background; add nothing."
    )
    colours = _sentence(given.get("colours") or say(COLOURS[0]))
    return "edit_image", {"prompt": _with_details(_joined(prompt, colours), given), "image": given["image"]}


def _with_details(prompt: str, given: Given) -> str:
    return _joined(prompt, given["details"]) if "details" in given else prompt


def _joined(prompt: str, sentence: str) -> str:
    return prompt + ("" if prompt.endswith(("。", "！", "？")) else " ") + sentence


def _shape(given: Given, usual: str) -> dict[str, str]:
    return {"aspect_ratio": given.get("aspect_ratio", usual)}


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "！", "？", "…")) else say("{text}.", text=text)


def _unquoted(text: str) -> str:
    """Return text that may stand in double quotes, which tell the model what to render."""
    return text.replace('"', "'")


TASKS: Final = (
    Task(
        "product_shots",
        later("Product shots"),
        later("One product photographed from several sides, from a single picture of it."),
        (
            Choice(
                "image",
                later("Picture of the product: file path, https URL, or id of an earlier picture"),
                is_required=True,
                is_image=True,
            ),
            Choice("product", later("What it is, for example: the blue enamel mug")),
            Choice("setting", later("Where it stands"), proposals=SETTINGS),
            Choice("count", later("How many pictures, 2 to 8; by default 4"), numbers=(2, 8)),
            Choice("aspect_ratio", later("Shape of the pictures; by default 1:1"), is_shape=True),
            DETAILS,
        ),
        _product_shots,
    ),
    Task(
        "storyboard",
        later("Storyboard"),
        later("A story told in shots that share their characters, places and style."),
        (
            Choice("story", later("What happens, from the first shot to the last"), is_required=True),
            Choice("style", later("What the shots look like"), proposals=FILMS),
            Choice("count", later("How many shots, 2 to 12; by default 6"), numbers=(2, 12)),
            Choice(
                "character",
                later("Picture of the main character: file path, https URL, or id of an earlier picture"),
                is_image=True,
            ),
            Choice("aspect_ratio", later("Shape of the shots; by default 16:9"), is_shape=True),
            DETAILS,
        ),
        _storyboard,
    ),
    Task(
        "outfit_swap",
        later("Outfit swap"),
        later("A person in other clothes: one picture of the person, one of the outfit."),
        (
            Choice(
                "person",
                later("Picture of the person: file path, https URL, or id of an earlier picture"),
                is_required=True,
                is_image=True,
            ),
            Choice(
                "outfit",
                later("Picture of the clothes: file path, https URL, or id of an earlier picture"),
                is_required=True,
                is_image=True,
            ),
            DETAILS,
        ),
        _outfit_swap,
    ),
    Task(
        "poster",
        later("Poster with text"),
        later("A poster with a headline rendered in it."),
        (
            Choice("text", later("The headline, as it shall stand there"), is_required=True),
            Choice("subject", later("What the poster shows"), is_required=True),
            Choice("subtitle", later("A second, smaller line")),
            Choice("style", later("What it looks like"), proposals=POSTERS),
            Choice("count", later("How many variants, 1 to 4; by default 1"), numbers=(1, 4)),
            Choice("aspect_ratio", later("Shape of the poster; by default 2:3"), is_shape=True),
            DETAILS,
        ),
        _poster,
    ),
    Task(
        "style_transfer",
        later("Style transfer"),
        later("A picture redrawn in another style: one that is named, or that of another picture."),
        (
            Choice(
                "image",
                later("Picture to redraw: file path, https URL, or id of an earlier picture"),
                is_required=True,
                is_image=True,
            ),
            Choice("style", later("The style; needed where style_image is not given"), proposals=STYLES),
            Choice(
                "style_image",
                later("Picture in the style: file path, https URL, or id of an earlier picture"),
                is_image=True,
            ),
            DETAILS,
        ),
        _style_transfer,
    ),
    Task(
        "restore_photo",
        later("Restore a photo"),
        later("An old or damaged photograph made whole again."),
        (
            Choice(
                "image",
                later("The photograph: file path, https URL, or id of an earlier picture"),
                is_required=True,
                is_image=True,
            ),
            Choice("colours", later("What happens to its colours; by default they are kept"), proposals=COLOURS),
            DETAILS,
        ),
        _restore_photo,
    ),
)
