"""Drive the official Volcengine client, unmodified, against a base URL; print one JSON object of what it saw.

Runs in a virtual environment of its own: `python volcengine_client.py BASE_URL API_KEY`. Only the address and
the key are set; retries, timeouts and everything else are the client's defaults.
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

MODEL = "doubao-seedream-4-5-251128"
SIZE = "2560x1440"


def seen(call: Callable[[], dict[str, Any]], api_error: type[Exception]) -> dict[str, Any]:
    try:
        return call()
    except api_error as error:
        known: Any = error  # the SDK's error type exists only in its own environment
        facts = {name: getattr(known, name) for name in ("status_code", "code", "param", "request_id", "message")}
        return {"error": type(error).__name__} | facts


def whole(answer: Any) -> dict[str, Any]:
    return {
        "model": answer.model,
        "data": [{"url": one.url, "b64_json": one.b64_json, "size": one.size} for one in answer.data],
        "usage": {"images": answer.usage.generated_images, "tokens": answer.usage.output_tokens},
    }


def streamed(events: Any) -> dict[str, Any]:
    return {"events": [event.to_dict() for event in events]}


def main(base_url: str, api_key: str) -> dict[str, Any]:
    sdk: Any = importlib.import_module("volcenginesdkarkruntime")  # not installed where this is type-checked
    errors: Any = importlib.import_module("volcenginesdkarkruntime._exceptions")
    types: Any = importlib.import_module("volcenginesdkarkruntime.types.images.images")
    images = sdk.Ark(base_url=base_url, api_key=api_key).images
    stranger = sdk.Ark(base_url=base_url, api_key="wrong").images
    group = {
        "prompt": "Generate a series of 15 images of one garden",
        "sequential_image_generation": "auto",
        "sequential_image_generation_options": types.SequentialImageGenerationOptions(max_images=15),
    }
    plain = {"model": MODEL, "prompt": "a lighthouse", "size": SIZE}
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        "generate": lambda: whole(images.generate(**plain)),
        "group": lambda: whole(images.generate(**plain | group)),
        "stream": lambda: streamed(images.generate(**plain | group | {"prompt": "生成3张灯塔"}, stream=True)),
        "b64_json": lambda: whole(images.generate(**plain, response_format="b64_json")),
        "bad_size": lambda: whole(images.generate(**plain | {"size": "1024x1024"})),
        "bad_key": lambda: whole(stranger.generate(**plain)),
    }
    return {name: seen(call, errors.ArkAPIError) for name, call in cases.items()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
