"""`seedream-hub doctor`: what it finds, what it advises, and that nobody pays for it."""

import json
import os
import re
import sqlite3
import ssl
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest

from seedream_hub.jobs.journal_schema import FIRST, VERSION, connect
from tests.commands import SECRET, Done, fine, run, started
from tests.sandboxed import running
from tests.support import Connect, facts_of

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name == "CLAUDE_CONFIG_DIR"]:
        monkeypatch.delenv(name)


def told(done: Done, name: str) -> list[tuple[str, str, str]]:
    """Return what was found about one thing: state, message, advice."""
    checks: list[dict[str, str]] = json.loads(done.stdout)["checks"]
    return [(one["state"], one["message"], one["next_step"]) for one in checks if one["name"] == name]


def look(*arguments: str, **variables: str) -> Done:
    done = run("doctor", "--json", *arguments, cwd=None, **variables)
    assert done.stderr == ""
    assert json.loads(done.stdout)["ok"] is (done.returncode == 0)
    return done


def ark(url: str, key: str = SECRET) -> dict[str, str]:
    return {"ARK_API_KEY": key, "SEEDREAM_ARK_BASE_URL": url}


Asked: TypeAlias = list[tuple[str, str, dict[str, str]]]


@contextmanager
def answering(
    status: int = 404, date: datetime | None = None, context: ssl.SSLContext | None = None
) -> Generator[tuple[int, Asked]]:
    """Run an upstream that answers everything alike, and notes what it was asked."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response_only(status)
            self.send_header("Date", format_datetime(date or datetime.now(UTC), usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PUT = do_GET  # noqa: N815 - the base looks for this name

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base's own word

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_fresh_machine_is_well_and_needs_no_network() -> None:
    said = started("doctor")
    found = [line for line in said.splitlines() if not line.startswith("      →")]
    assert {line.split()[0] for line in found} == {"ok"}
    names = [line.split()[1] for line in found]
    wanted = "python settings keys models pictures journal clients network proxy"
    assert names == [f"{name}:" for name in wanted.split()]
    assert "the sandbox draws the pictures" in said
    assert "ARK_API_KEY" in said


def test_a_provider_is_asked_without_the_key_and_nothing_is_made() -> None:
    with answering() as (port, asked):
        done = look(**ark(f"http://127.0.0.1:{port}/api/v3"))
    assert done.returncode == 0
    ((method, path, headers),) = asked
    assert (method, path) == ("GET", "/api/v3")
    assert "authorization" not in headers
    assert SECRET not in str(headers)
    ((state, message, _),) = told(done, "network")
    assert (state, "(HTTP 404, as may be: it was asked for nothing, without the key)" in message) == ("ok", True)
    ((state, message, step),) = told(done, "keys")
    assert (state, message, "No key is tried here" in step) == ("ok", "set: ARK_API_KEY", True)
    assert told(done, "clock") == [("ok", "within 60 s of the providers'", "")]


def test_every_provider_is_asked_and_the_sandbox_bills_nothing() -> None:
    with running() as bench:
        variables: dict[str, str] = {}
        for name, prefix in {"ark": "ARK", "novita": "NOVITA", "evolink": "EVOLINK"}.items():
            variables[f"{prefix}_API_KEY"] = bench.sandbox.api_key
            variables[f"SEEDREAM_{prefix}_BASE_URL"] = bench.sandbox.base_urls[name]
        variables["SEEDREAM_EVOLINK_FILES_BASE_URL"] = bench.sandbox.base_urls["evolink_files"]
        done = look(**variables)
        assert (done.returncode, bench.billed()) == (0, 0)
    asked = [message.split(" answers")[0] for _, message, _ in told(done, "network")]
    assert asked == ["ark", "novita", "evolink", "evolink files"]


def test_offline_nobody_is_asked() -> None:
    with answering() as (port, asked):
        done = look("--offline", **ark(f"http://127.0.0.1:{port}"))
    assert (done.returncode, asked) == (0, [])
    assert told(done, "network") == [("skip", "ark not asked", "")]


def test_offline_nothing_is_written_to_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket: dict[str, str] = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    with answering() as (port, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        done = look("--offline", SEEDREAM_STORAGE="s3://pictures/seedream", AWS_ALLOW_HTTP="true")
    assert (done.returncode, asked) == (0, [])
    assert told(done, "pictures") == [("skip", "s3://pictures/seedream not asked", "")]


def test_a_wrong_clock_is_found() -> None:
    with answering(date=datetime.now(UTC) - timedelta(hours=2)) as (port, _):
        done = look(**ark(f"http://127.0.0.1:{port}"))
    ((state, message, step),) = told(done, "clock")
    assert (done.returncode, state) == (1, "fail")
    assert re.fullmatch(r"\+7,(199|20[0-9]) s off the providers'", message)
    assert "NTP" in step


def test_a_provider_in_trouble_is_told_and_not_held_against_us() -> None:
    with answering(status=502) as (port, _):
        done = look(**ark(f"http://127.0.0.1:{port}"))
    ((state, message, step),) = told(done, "network")
    assert (done.returncode, state, "502" in message) == (0, "warn", True)
    assert "later" in step


def test_a_provider_that_is_not_there_is_told() -> None:
    done = look(**ark(NOWHERE))
    ((state, message, step),) = told(done, "network")
    assert (done.returncode, state) == (1, "fail")
    assert NOWHERE in message
    assert "Nothing listens there" in step
    assert told(done, "clock") == [("skip", "nobody told the time", "")]


def test_a_certificate_that_is_not_accepted_is_told(tmp_path: Path) -> None:
    with answering(context=self_signed(tmp_path)) as (port, _):
        done = look(**ark(f"https://localhost:{port}"))
    ((state, _, step),) = told(done, "network")
    assert (done.returncode, state) == (1, "fail")
    assert "SSL_CERT_FILE" in step


def self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def test_a_proxy_is_told_without_its_password() -> None:
    proxy = f"http://ada:{SECRET}@127.0.0.1:9"
    done = look(**ark("https://ark.example.com"), HTTPS_PROXY=proxy)
    assert done.returncode == 1
    assert told(done, "proxy") == [
        (
            "fail",
            "the proxy at http://127.0.0.1:9 does not answer",
            "Start it, name another in HTTPS_PROXY, or unset that.",
        )
    ]
    ((state, _, step),) = told(done, "network")
    assert (state, "through the proxy http://127.0.0.1:9. Check" in step) == ("fail", True)


def test_a_proxy_that_answers_is_told_and_one_that_nothing_goes_through_is_not_asked() -> None:
    with answering() as (port, asked):
        proxies = {"ALL_PROXY": f"http://127.0.0.1:{port}", "HTTP_PROXY": NOWHERE}
        done = look(**ark("https://ark.example.com"), **proxies)
    assert told(done, "proxy") == [
        ("ok", f"all http://127.0.0.1:{port}, http {NOWHERE}, from the environment or the system", "")
    ]
    assert asked == []
    exempt = look("--offline", **ark("https://ark.example.com"), HTTPS_PROXY="nonsense://x", NO_PROXY="example.com")
    assert [state for state, _, _ in told(exempt, "proxy")] == ["ok"]


def test_a_proxy_that_is_none_is_told() -> None:
    done = look("--offline", **ark("https://ark.example.com"), HTTPS_PROXY="ftp://127.0.0.1:9")
    assert told(done, "proxy") == [
        ("fail", "ftp://127.0.0.1:9 is no address of a proxy", "For example HTTPS_PROXY=http://127.0.0.1:8080")
    ]


def test_a_socks_proxy_that_does_not_answer_is_told() -> None:
    done = look(**ark("https://ark.example.com"), HTTPS_PROXY="socks5://127.0.0.1:9")
    assert told(done, "proxy") == [
        (
            "fail",
            "the proxy at socks5://127.0.0.1:9 does not answer",
            "Start it, name another in HTTPS_PROXY, or unset that.",
        )
    ]
    ((state, _, step),) = told(done, "network")
    assert (state, "through the proxy socks5://127.0.0.1:9" in step) == ("fail", True)


@pytest.mark.parametrize(
    ("variables", "name", "said"),
    [
        ({"SEEDREAM_CONCURRENCY": "many"}, "settings", "SEEDREAM_CONCURRENCY"),
        ({"ARK_API_KEY": f"{SECRET} {SECRET}"}, "settings", "ARK_API_KEY"),
        ({"SEEDREAM_PROVIDER": "novita"}, "models", "NOVITA_API_KEY"),
        ({"ARK_API_KEY": SECRET, "SEEDREAM_MODELS": "seedream-3.0-t2i"}, "models", "seedream-3.0-t2i"),
        ({"SEEDREAM_OUTPUT_DIR": "/proc/nothing/pictures"}, "pictures", "/proc/nothing/pictures"),
        ({"SEEDREAM_STATE_DIR": "/proc/nothing/state"}, "journal", "/proc/nothing/state"),
    ],
)
def test_what_stops_the_server_is_found(variables: dict[str, str], name: str, said: str) -> None:
    done = look("--offline", **variables)
    (((state, message, step), *_),) = ([one for one in told(done, name) if one[0] != "ok"],)
    assert (done.returncode, state) == (1, "fail")
    assert said in message
    assert step


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SEEDREAM_OUTPUT_DRI": "~/x"}, "SEEDREAM_OUTPUT_DRI (did you mean SEEDREAM_OUTPUT_DIR?)"),
        ({"ARK_API_KEY": "${user_config.ark_api_key}"}, "ARK_API_KEY came as a placeholder"),
    ],
)
def test_a_variable_that_does_nothing_is_told(variables: dict[str, str], said: str) -> None:
    done = look(**variables)
    _, (state, message, step) = told(done, "settings")
    assert (done.returncode, state, bool(step)) == (0, "warn", True)
    assert said in message
    assert [message for _, message, _ in told(done, "keys")] == ["none is set: the sandbox draws the pictures"]


def test_a_model_in_no_table_is_told() -> None:
    done = look("--offline", ARK_API_KEY=SECRET, SEEDREAM_MODELS="seedream-4.6")
    assert [(state, "seedream-4.6" in message) for state, message, _ in told(done, "models")] == [
        ("ok", True),
        ("warn", True),
    ]


async def test_an_old_loss_in_the_journal_is_told_and_the_journal_left_alone(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        assert facts_of(
            await client.call_tool("generate_image", {"prompt": "a fox", "size": "1K", "model": "seedream-4.0"})
        )
    file = tmp_path / "state" / "journal.sqlite3"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE images SET state = 'unknown'")
    before = file.read_bytes()
    whole, loss = [one for one in json.loads(started("doctor", "--json"))["checks"] if one["name"] == "journal"]
    assert whole["message"].endswith("state: jobs: 1, open: 0")
    assert (loss["state"], loss["message"]) == ("warn", "1 picture may have been billed, and did not come")
    assert "seedream-hub jobs" in loss["next_step"]
    assert file.read_bytes() == before


def test_a_damaged_journal_is_found_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "state" / "journal.sqlite3"
    file.parent.mkdir()
    file.write_bytes(b"no database at all, " * 500)
    done = look()
    ((state, message, step),) = told(done, "journal")
    assert (done.returncode, state) == (1, "fail")
    assert "cannot be read" in message
    assert "keep it" in step
    assert file.read_bytes() == b"no database at all, " * 500


@pytest.mark.parametrize(
    ("version", "state", "said"), [(VERSION + 1, "fail", "a newer version"), (1, "ok", "an earlier version")]
)
def test_a_journal_of_another_version_is_told(tmp_path: Path, version: int, state: str, said: str) -> None:
    folder = tmp_path / "state"
    if version > VERSION:
        connect(folder).close()
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as db, db:
        if version < VERSION:
            db.executescript(FIRST)
        db.execute(f"PRAGMA user_version = {version}")
    done = look()
    ((found, message, _),) = told(done, "journal")
    assert (found, said in message, done.returncode) == (state, True, int(state == "fail"))


def test_a_client_that_starts_what_is_gone_is_told(tmp_path: Path) -> None:
    fine("install", "cursor")
    assert [state for state, _, _ in told(look(), "clients")] == ["ok"]
    gone = tmp_path / "gone"
    gone.touch(0o755)
    fine("install", "cursor", "--command", str(gone))
    gone.unlink()
    fine("install", "zed", "--scope", "project", cwd=tmp_path)
    done = run("doctor", "--json", cwd=tmp_path)
    (cursor_state, cursor, step), (zed_state, zed, _) = told(done, "clients")
    assert (done.returncode, cursor_state, zed_state) == (1, "fail", "ok")
    assert f"Cursor starts {tmp_path / 'gone'}" in cursor
    assert step.endswith("seedream-hub install cursor")
    assert ".zed/settings.json" in zed


def test_an_entry_in_the_home_folder_is_told_once() -> None:
    home = Path(os.environ["HOME"])
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcpServers": {"seedream": {"command": "/gone/seedream-hub"}}}', encoding="utf-8")
    ((state, _, step),) = told(run("doctor", "--json", cwd=home), "clients")
    assert (state, step) == ("fail", "It is not there. Write it again: seedream-hub install cursor")


def test_a_clients_file_that_cannot_be_read_is_told() -> None:
    path = Path(os.environ["HOME"]) / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcpServers": ', encoding="utf-8")
    done = look()
    ((state, message, _),) = told(done, "clients")
    assert (done.returncode, state, "line 1 is no JSON" in message) == (0, "warn", True)


def test_it_speaks_chinese() -> None:
    said = fine("doctor", SEEDREAM_LANG="zh")
    lines = [line for line in said.splitlines() if re.search("[\u4e00-\u9fff]", line)]
    assert len(lines) >= 8
