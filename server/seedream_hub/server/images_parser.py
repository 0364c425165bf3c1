"""What `seedream-hub images` takes. Light: the server's start reads it too."""

import argparse
import re
from datetime import timedelta
from typing import Final, Protocol

from seedream_hub.schemas.language import say

AGE: Final = re.compile(r"([1-9][0-9]{0,4})([hdw])")
UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
IMAGE_ID: Final = re.compile(r"(?:seedream://images/)?([a-z2-7]{16}-[0-9]{1,4})")
TAG_CHARS: Final = 64


class Commands(Protocol):
    """Where commands are added: argparse has no public name for it."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's own word
        """Add one."""
        ...


def add_images(commands: Commands) -> None:
    """Add `images` and what can be done with them."""
    images = commands.add_parser("images", help=say("list, tag and prune the pictures that were saved"))
    actions = images.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help=say("show every picture, the oldest first, also pruned ones"))
    listing.add_argument("--tag", type=_tag, help=say("only those with this tag"))
    for name, does in (("tag", say("give a picture a tag")), ("untag", say("take a tag from a picture"))):
        tagging = actions.add_parser(name, help=does)
        tagging.add_argument("id", type=_image_id, help=say("the picture's id or seedream:// address"))
        tagging.add_argument("tag", type=_tag)
    prune = actions.add_parser("prune", help=say("delete the files of old pictures; what is known of them stays"))
    prune.add_argument("--older", type=_age, required=True, metavar="AGE", help=say("than 12h, 30d, 8w"))
    prune.add_argument("--keep-tagged", action="store_true", help=say("spare pictures that have a tag"))
    prune.add_argument("--dry-run", action="store_true", help=say("only say what would be deleted"))
    prune.add_argument("--yes", action="store_true", help=say("do not ask"))
    for one in (listing, prune):
        one.add_argument("--json", action="store_true", help=say("for programs"))


def _age(text: str) -> timedelta:
    found = AGE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(say("{value!r} is no age; for example 30d, 12h or 8w", value=text))
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _image_id(text: str) -> str:
    found = IMAGE_ID.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(say("{value!r} is no id; `seedream-hub images list` shows them", value=text))
    return found[1]


def _tag(text: str) -> str:
    if not text.strip() or len(text) > TAG_CHARS or not text.isprintable():
        raise argparse.ArgumentTypeError(say("a tag has 1 to {most} characters on one line", most=TAG_CHARS))
    return text.strip()
