"""The command `seedream-hub`: the stdio server, or the sandbox alone."""

import argparse
import gc
import os
import sys
from importlib.metadata import version


def main() -> int:
    """Run the command line; return the exit code."""
    arguments = _parser().parse_args()
    try:
        return _sandbox(arguments) if arguments.command == "sandbox" else _serve()
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seedream-hub", description="MCP server for ByteDance's Seedream image models, over stdio."
    )
    parser.add_argument("--version", action="version", version=f"seedream-hub {version('seedream-hub')}")
    commands = parser.add_subparsers(dest="command")
    sandbox = commands.add_parser("sandbox", help="run the sandbox alone: an Ark-shaped API that draws its pictures")
    sandbox.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one")
    sandbox.add_argument("--delay", type=float, default=0.0, help="seconds a picture takes")
    return parser


def _serve() -> int:
    gc.disable()  # loading makes no garbage worth collecting: a quarter of the start's CPU time (bench/start.py)
    from seedream_hub.schemas.errors import SettingsError

    from .app import make_server
    from .limits_file import load_limits
    from .logs import configure_logging
    from .settings import load_settings, unknown_variables

    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        server = make_server(settings, load_limits(settings.limits_file))
    except SettingsError as exc:
        sys.stderr.write(f"seedream-hub: {exc.message}\n")
        return 2
    for variable in unknown_variables(os.environ):
        sys.stderr.write(f"seedream-hub: nothing reads {variable}\n")
    gc.freeze()
    gc.enable()
    server.run("stdio")
    return 0


def _sandbox(arguments: argparse.Namespace) -> int:
    from seedream_hub.providers.sandbox.server import SandboxOptions, serve_forever

    options = SandboxOptions(port=arguments.port, delay_s=arguments.delay)

    def announce(base_url: str) -> None:
        sys.stdout.write(f"Sandbox at {base_url} (API key: {options.api_key}). Ctrl-C ends it.\n")
        sys.stdout.flush()

    serve_forever(options, announce)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
