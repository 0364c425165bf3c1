"""Drive the official OpenAI client, unmodified, against a relay's base URL; print one JSON object of what it saw.

Runs in a virtual environment of its own: `python openai_client.py BASE_URL API_KEY`. Only the address and the key
are set; retries, timeouts and everything else are the client's defaults. What OpenAI's API has no name for goes in
`extra_body`, as users of relays do.
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

MODEL = "doubao-seedream-4-0-250828"


def seen(call: Callable[[], dict[str, Any]], api_error: type[Exception]) -> dict[str, Any]:
    try:
        return call()
    except api_error as error:
        known: Any = error  # the SDK's error type exists only in its own environment
        facts = {name: getattr(known, name) for name in ("status_code", "code", "param", "type", "request_id")}
        return {"error": type(error).__name__, "message": str(error)} | facts


def whole(answer: Any) -> dict[str, Any]:
    return {
        "data": [{"url": one.url, "b64_json": one.b64_json} for one in answer.data],
        "usage": answer.usage.to_dict(),
    }


def streamed(events: Any) -> dict[str, Any]:
    return {"events": [event.to_dict() for event in events]}


def main(base_url: str, api_key: str) -> dict[str, Any]:
    sdk: Any = importlib.import_module("openai")  # not installed where this is type-checked
    images = sdk.OpenAI(base_url=base_url, api_key=api_key).images
    stranger = sdk.OpenAI(base_url=base_url, api_key="wrong").images
    plain = {"model": MODEL, "prompt": "a lighthouse", "size": "1K"}
    group = {
        "sequential_image_generation": "auto",
        "sequential_image_generation_options": {"max_images": 3},
    }
    three = plain | {"prompt": "3 images of a lighthouse", "extra_body": group}
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        "generate": lambda: whole(images.generate(**plain)),
        "group": lambda: whole(images.generate(**three)),
        "stream": lambda: streamed(images.generate(**three, stream=True)),
        "b64_json": lambda: whole(images.generate(**plain, response_format="b64_json")),
        "bad_size": lambda: whole(images.generate(**plain | {"size": "9x9"})),
        "bad_key": lambda: whole(stranger.generate(**plain)),
    }
    return {name: seen(call, sdk.APIError) for name, call in cases.items()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
