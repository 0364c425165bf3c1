"""What a refusal is blamed on: the setting it is about, by its name, and no other."""

from typing import Any

import pytest

from tests.sandboxed import configured, picture, running
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("ark", "ARK_API_KEY"),
        ("relay", "SEEDREAM_RELAY_API_KEY"),
        ("novita", "NOVITA_API_KEY"),
        ("evolink", "EVOLINK_API_KEY"),
    ],
)
async def test_a_refused_key_is_named_by_its_variable(memory: Connect, provider: str, variable: str) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, provider) | {f"{provider}_api_key": "wrong"}
        async with memory(**settings) as client:
            result = await client.call_tool("generate_image", FOX)
    assert facts_of(result)["next"] == f"Check {variable}, the key of {provider}."


async def test_a_key_of_byteplus_may_be_of_another_region(memory: Connect) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "ark")
        given = {"byteplus_api_key": "wrong", "byteplus_base_url": settings["ark_base_url"]}
        async with memory(**given) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["next"].endswith("It works only in its own SEEDREAM_BYTEPLUS_REGION.")


@pytest.mark.parametrize("provider", ["ark", "novita", "evolink"])
async def test_where_nothing_is_found_at_an_address_of_the_users_own_it_is_named(
    memory: Connect, provider: str
) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, provider)
        wrong = settings[f"{provider}_base_url"] + "/v3"
        async with memory(**settings | {f"{provider}_base_url": wrong}) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["next"].endswith(f"Check SEEDREAM_{provider.upper()}_BASE_URL, which is {wrong}.")


async def test_where_nobody_listens_the_address_is_named_with_its_port(memory: Connect) -> None:
    with running() as gone:
        settings = configured(gone.sandbox, "ark")
    async with memory(**settings) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["next"] == f"Check SEEDREAM_ARK_BASE_URL, which is {settings['ark_base_url']}. Then retry."


@pytest.mark.parametrize("provider", ["ark", "novita", "evolink"])
async def test_a_page_in_place_of_an_answer_is_called_a_page(memory: Connect, provider: str) -> None:
    with running() as bench:
        bench.script("html")
        settings = configured(bench.sandbox, provider)
        async with memory(**settings) as client:
            (failure,) = facts_of(await client.call_tool("generate_image", FOX))["failures"]
    assert failure["message"].startswith(
        f"{provider} answered 200 with a page; it may have billed the request. Check"
    )
    assert settings[f"{provider}_base_url"] in failure["message"]
    assert failure["billed"] == "unknown"


@pytest.mark.parametrize("answer", [[], "text", {}])
async def test_a_success_that_is_no_object_is_called_so(memory: Connect, answer: Any) -> None:
    with serve(Script(answer=answer)) as script:
        async with memory(ark_api_key="sk-secret", ark_base_url=script.base_url) as client:
            (failure,) = facts_of(await client.call_tool("generate_image", FOX))["failures"]
    assert "ark answered 200 with no JSON object" in failure["message"]


async def test_a_redirect_is_not_followed_and_the_base_url_is_named(memory: Connect) -> None:
    with serve(Script(answer={}, status=302, headers={"location": "https://example.com/login"})) as script:
        async with memory(ark_api_key="sk-secret", ark_base_url=script.base_url) as client:
            result = await client.call_tool("generate_image", FOX)
    assert "The provider answered HTTP 302." in text_of(result)
    expected = f"Redirects are not followed. Check SEEDREAM_ARK_BASE_URL, which is {script.base_url}."
    assert (facts_of(result)["next"], facts_of(result)["billed_unknown"]) == (expected, 0)


async def test_a_set_that_came_short_says_how_many_to_ask_for(memory: Connect) -> None:
    with serve(Script(picture=picture())) as script:
        async with memory(ark_api_key="sk-secret", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("batch_images", {**FOX, "count": 3}))
    assert (facts["status"], facts["delivered"]) == ("partial", 1)
    assert facts["next"] == "Call the tool again for the 2 that are missing."


async def test_a_link_that_gives_nothing_to_anybody_is_not_offered(memory: Connect) -> None:
    with serve(Script(picture_status=403)) as script:
        async with memory(ark_api_key="sk-secret", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (failure,) = facts["failures"]
    assert (failure["code"], failure["billed"]) == ("link_dead", "yes")
    ending = "and its link no longer works. Asking again bills a new one."
    assert facts["next"] == f"A billed picture could not be fetched, {ending}"


async def test_a_wait_that_is_too_long_is_not_waited_for_but_told(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", status=429, retry_after=3600, times=9)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert len(bench.ledger()["requests"]) == 1
    (failure,) = facts["failures"]
    assert (failure["retryable"], failure["billed"]) == (True, "no")
    assert facts["next"] == "Wait 3,600 s, as the provider wishes, and ask again."


async def test_a_wait_that_is_too_long_sends_the_call_to_the_next_provider_at_once(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="ark", status=429, retry_after=3600, times=9)
        async with memory(**configured(bench.sandbox, "ark", "relay")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert [row["dialect"] for row in bench.ledger()["requests"]] == ["ark", "relay"]
    assert (facts["status"], facts["provider"]) == ("completed", "relay")


async def test_progress_says_how_long_the_provider_asks_to_wait(memory: Connect) -> None:
    notes: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")

    with running() as bench:
        bench.script("status", status=429, retry_after=0.5)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            await client.call_tool("generate_image", FOX, progress_callback=note)
    assert any("asking again in 0.5 s, as it wishes" in message for message in notes)
