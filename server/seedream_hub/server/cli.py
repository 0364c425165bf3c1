"""The command `seedream-hub`: the server over stdio or HTTP, the sandbox alone, or a look at jobs."""

import argparse
import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from seedream_hub.schemas.language import language_of, later, say, speak

from .completion_parser import add_completion
from .doctor import add_doctor, run_doctor
from .draw_parser import DRAWINGS, add_drawing
from .figures_parser import add_figures
from .images_parser import add_images
from .install_parser import add_install
from .job_commands import add_jobs, run_jobs
from .parser import Parser

MOST_DELAY_S: Final = 600
MOST_PORT: Final = 65535
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def main() -> int:
    """Run the command line; return the exit code."""
    speak(language_of(os.environ))
    try:
        code = _run(_parser().parse_args())
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads has seen enough, as in `| head`; Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def serve_stdio(part: Callable[[], None]) -> int:
    """Serve a client over stdio; `part` is called once it is gone. Return the exit code."""
    speak(language_of(os.environ))
    return _serve(None, None, part)


def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case command if command in DRAWINGS:
            return _draw(arguments)
        case "usage" | "limits":
            return _figures(arguments)
        case "sandbox":
            return _sandbox(arguments)
        case "jobs":
            return run_jobs(arguments)
        case "images":
            return _images(arguments)
        case "doctor":
            return run_doctor(arguments)
        case "install" | "uninstall":
            return _install(arguments)
        case "completion":
            return _completion(arguments)
        case _:
            return _serve(getattr(arguments, "host", None), getattr(arguments, "port", None))


def _parser(schemas: Mapping[str, Any] | None = None) -> Parser:
    """Return the parser of the whole command line; `schemas` of tools spare it reading the settings."""
    parser = Parser(prog="seedream-hub", description=say("MCP server for ByteDance's Seedream image models."))
    parser.add_argument("--version", action="version", version=f"seedream-hub {version('seedream-hub')}")
    commands = parser.add_subparsers(dest="command")
    add_drawing(commands, schemas)
    sandbox = commands.add_parser(
        "sandbox", help=say("run the sandbox alone: the APIs of six providers, drawn locally")
    )
    sandbox.add_argument(
        "--port", type=_port, default=0, help=say("port on 127.0.0.1; 0, the default, picks a free one")
    )
    sandbox.add_argument("--delay", type=_delay_s, default=0.0, help=say("seconds a picture takes; default: 0"))
    sandbox.add_argument(
        "--ready", action="store_true", help=say("draw one picture of each size, and hand it out again")
    )
    serve = commands.add_parser("serve", help=say("run the server: over stdio, or with --port over HTTP"))
    serve.add_argument("--port", type=_port, help=say("port for HTTP; 0 picks a free one. Without it: stdio"))
    serve.add_argument("--host", type=_loopback, help=say("127.0.0.1 (the default), localhost or ::1"))
    add_jobs(commands.add_parser)
    add_images(commands)
    add_figures(commands)
    add_install(commands)
    add_doctor(commands)
    add_completion(commands)
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= MOST_PORT:
        return int(text)
    told = say("{value} is no port; use 0 to {most}, 0 for a free one", value=text, most=MOST_PORT)
    raise argparse.ArgumentTypeError(told)


def _loopback(text: str) -> str:
    if text in LOOPBACK:
        return text
    problem = later(
        "{host} would open the server to others, who could spend your money: it asks nobody for a key yet. "
        "Use 127.0.0.1, localhost or ::1"
    )
    raise argparse.ArgumentTypeError(say(problem, host=text))


def _delay_s(text: str) -> float:
    try:
        delay_s = float(text)
    except ValueError:
        delay_s = -1
    if 0 <= delay_s <= MOST_DELAY_S:
        return delay_s
    told = say("{value} is no delay; use 0 to {most} seconds", value=text, most=MOST_DELAY_S)
    raise argparse.ArgumentTypeError(told)


def _serve(host: str | None, port: int | None, part: Callable[[], None] | None = None) -> int:
    gc.disable()  # loading makes no garbage worth collecting: a quarter of the start's CPU time (bench/start.py)
    from seedream_hub.schemas.errors import SettingsError

    try:
        serve = _ready(host, port, part)
    except SettingsError as exc:
        sys.stderr.write(f"seedream-hub: {exc.message}\n")
        return 2
    _tell_of_unknown()
    if port is None and sys.stdin and sys.stdin.isatty():
        told = say("this is an MCP server: it speaks to a client on stdin. `seedream-hub --help` lists the commands")
        sys.stderr.write(f"seedream-hub: {told}\n")
    gc.freeze()
    gc.enable()
    serve()
    return 0


def _tell_of_unknown() -> None:
    from .settings import unknown_variables

    for variable in unknown_variables(os.environ):
        sys.stderr.write("seedream-hub: " + say("nothing reads {variables}", variables=variable) + "\n")


def _ready(host: str | None, port: int | None, part: Callable[[], None] | None) -> Callable[[], None]:
    """Return what serves: over HTTP where there is a port; `part` is called once a client over stdio is gone.

    Raises:
        SettingsError: If a setting is wrong, or the port cannot be had.
    """
    from seedream_hub.schemas.errors import SettingsError

    from .app import make_server
    from .limits_file import load_limits
    from .logs import configure_logging
    from .process import run
    from .settings import load_settings

    if host and port is None:
        raise SettingsError(say("--host needs --port: without it the server speaks stdio"))
    settings = load_settings()
    configure_logging(settings.log_level)
    limits = load_limits(settings.limits_file)
    server = make_server(settings, limits)
    if port is None:
        server.studio.part = part
        return partial(run, server.studio, server.run_stdio_async, terminated=0)
    from .http import listen, serve_http

    return partial(serve_http, server, listen(host or LOOPBACK[0], port), limits.call.max_body_bytes)


def _sandbox(arguments: argparse.Namespace) -> int:
    from seedream_hub.providers.sandbox.server import SandboxOptions, serve_forever

    options = SandboxOptions(port=arguments.port, delay_s=arguments.delay, is_ready=arguments.ready)

    def announce(base_urls: Mapping[str, str]) -> None:
        root = base_urls["ark"].partition("/api/")[0]
        told = later("Sandbox at {url} (API key: {key}). Ctrl-C ends it. To use it as a provider:")
        sys.stdout.write(say(told, url=root, key=options.api_key) + "\n")
        sys.stdout.writelines(_lines(base_urls, options.api_key))
        sys.stdout.flush()

    try:
        serve_forever(options, announce)
    except OSError as exc:
        problem = later("port {port} cannot be used: {reason}")
        if exc.errno == errno.EADDRINUSE:
            problem = later("port {port} is taken; choose another, or 0 for a free one")
        sys.stderr.write("seedream-hub sandbox: " + say(problem, port=options.port, reason=exc.strerror) + "\n")
        return 2
    return 0


def _lines(base_urls: Mapping[str, str], api_key: str) -> list[str]:
    """Return a line of shell for each provider, which leads a server to the sandbox in its place."""
    from .settings import PROVIDERS, variable_of

    lines: list[str] = []
    for provider in [name for name in PROVIDERS if name in base_urls]:
        names = [name for name in (provider, f"{provider}_files") if name in base_urls]
        addresses = [f"{variable_of(f'{name}_base_url')}={base_urls[name]}" for name in names]
        lines.append(f"export {variable_of(f'{provider}_api_key')}={api_key} {' '.join(addresses)}\n")
    return lines


def _draw(arguments: argparse.Namespace) -> int:
    from .draw import run_draw

    _tell_of_unknown()
    return run_draw(arguments)


def _figures(arguments: argparse.Namespace) -> int:
    from .figures import run_figures

    return run_figures(arguments)


def _images(arguments: argparse.Namespace) -> int:
    from .images import run_images

    return run_images(arguments)


def _install(arguments: argparse.Namespace) -> int:
    from .install import run_install, run_uninstall

    return run_install(arguments) if arguments.command == "install" else run_uninstall(arguments)


def _completion(arguments: argparse.Namespace) -> int:
    from .completion import run_completion
    from .drawing_desk import all_schemas

    return run_completion(_parser(all_schemas()), arguments.shell)


if __name__ == "__main__":
    raise SystemExit(main())
