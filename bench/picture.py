"""Measure what a sandbox picture costs: CPU milliseconds in one thread, the median over prompts of every kind."""

import statistics
import time
from pathlib import Path
from typing import Final

from seedream_hub.providers.sandbox.picture import Scene, draw

REPORT: Final = Path(__file__).resolve().parent / "README.md"
PROMPTS: Final = ("sea", "mountain", "city at night", "forest", "desert", "bauhaus", "paper", "雪后的山谷,清晨")
SIZES: Final = ((1024, 1024), (2048, 2048), (2848, 1600), (4096, 4096))


def cpu_ms(width: int, height: int) -> list[float]:
    """Return the CPU time of a picture for each prompt."""
    spent: list[float] = []
    for prompt in PROMPTS:
        started = time.thread_time()
        draw(Scene(prompt, width, height, prompt))
        spent.append(1000 * (time.thread_time() - started))
    return spent


def main() -> int:
    """Measure, print, and write the report."""
    cpu_ms(256, 256)
    lines = ["| picture | CPU ms, median | max |", "|---|---|---|"]
    for width, height in SIZES:
        spent = cpu_ms(width, height)
        lines.append(f"| {width}x{height} | {statistics.median(spent):.0f} | {max(spent):.0f} |")
    report = "\n".join(lines)
    print(report)
    text = REPORT.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- picture:begin -->\n")
    REPORT.write_text(
        f"{head}<!-- picture:begin -->\n{report}\n<!-- picture:end -->{rest.partition('<!-- picture:end -->')[2]}",
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
