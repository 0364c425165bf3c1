"""Pictures signed by the C2PA project's own library, as upstreams may: what it says of them once saved."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.judge import JUDGES, python_of
from tests.pictures import chunk, picture
from tests.support import Connect, facts_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
VALID = {"state": "Valid", "failures": ["signingCredential.untrusted"]}
"""All is as it was signed; nobody trusts the certificate, which was made for the test."""


def c2pa(command: str, *paths: Path) -> Any:
    """Run the judge."""
    asked = [python_of("c2pa"), JUDGES / "c2pa_client.py", command, *paths]
    return json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.parametrize("mode", ["sidecar", "embed"])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
async def test_a_signed_picture_is_valid_when_it_was_saved_whatever_the_mode(
    memory: Connect, tmp_path: Path, kind: str, mode: str
) -> None:
    plain, signed = tmp_path / f"plain.{kind}", tmp_path / f"signed.{kind}"
    plain.write_bytes(picture(kind, 1024, 1024))
    assert c2pa("sign", plain, signed) == VALID
    with serve(Script(picture=signed.read_bytes(), picture_type=f"image/{kind}")) as script:
        async with memory(ark_api_key="k", ark_base_url=script.base_url, metadata=mode) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    saved = Path(facts["images"][0]["path"])
    assert c2pa("read", saved) == VALID
    assert saved.read_bytes() == signed.read_bytes()
    assert Path(f"{saved}.json").exists()
    assert ["carries a signature (C2PA)" in warning for warning in facts["warnings"]] == [True] * (mode == "embed")


@pytest.mark.parametrize(("kind", "place"), [("jpeg", 2), ("png", 33)])
def test_the_judge_sees_that_a_segment_was_put_in(tmp_path: Path, kind: str, place: int) -> None:
    plain, signed = tmp_path / f"plain.{kind}", tmp_path / f"signed.{kind}"
    plain.write_bytes(picture(kind, 64, 64))
    c2pa("sign", plain, signed)
    content = signed.read_bytes()
    segment = b"\xff\xfe\x00\x05fox" if kind == "jpeg" else chunk(b"tEXt", b"Title\0fox")
    signed.write_bytes(content[:place] + segment + content[place:])
    told = c2pa("read", signed)
    assert told["state"] == "Invalid"
    assert "assertion.dataHash.mismatch" in told["failures"]
