"""A report is one file, opened from the disk, that needs nobody."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from contract_tests.shared.patience import PATIENCE_S

from .conftest import Mock

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


def make(trace: Path, output: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mockserver", "report", str(trace), "-o", str(output)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


async def opened(context: BrowserContext, file: Path) -> Page:
    page = await context.new_page()
    await page.goto(file.as_uri())
    return page


async def test_a_report_shows_the_conversation(context: BrowserContext, tmp_path: Path) -> None:
    made = make(TRACES / "good-pause-resume.jsonl", tmp_path / "r.html")
    assert made.returncode == 0, made.stderr
    page = await opened(context, tmp_path / "r.html")
    await page.get_by_role("option", name="event video.recording.ended").click()
    tree = page.get_by_role("list", name="Fields of the frame")
    await tree.get_by_text("Length of the recorded media").wait_for()
    await page.get_by_role("button", name=re.compile("recording in .*paused once")).wait_for()
    await page.get_by_role("button", name=re.compile(r"^✓ \d+ rules")).wait_for()
    assert await page.get_by_role("tab").all_inner_texts() == ["Frame", "Contract"]


async def test_a_report_shows_what_is_broken(context: BrowserContext, tmp_path: Path) -> None:
    packed = tmp_path / "trace.jsonl.gz"
    packed.write_bytes(gzip.compress((TRACES / "legal-transitions.jsonl").read_bytes()))
    made = make(packed, tmp_path / "r.html")
    assert "1 broken" in made.stdout
    page = await opened(context, tmp_path / "r.html")
    await page.get_by_role("button", name="✗ 1 violation").click()
    await (
        page.get_by_role("listitem")
        .filter(has_text="legal-transitions")
        .get_by_role("button", name="#")
        .first.click()
    )
    await (
        page.get_by_role("listbox")
        .get_by_role("option", selected=True)
        .filter(has_text="legal-transitions")
        .wait_for()
    )


async def test_what_a_frame_says_cannot_run(context: BrowserContext, tmp_path: Path) -> None:
    """A frame may hold anything: the report shows it, and nothing else."""
    evil = '</script><script>document.title = "stolen"</script><img src=x onerror=alert(1)>'
    entry = {
        "n": 1,
        "time": 1.0,
        "session": evil,
        "direction": "to_server",
        "frame": {"jsonrpc": "2.0", "id": evil, "method": evil, "params": {evil: evil}},
    }
    trace = tmp_path / "evil.jsonl"
    trace.write_bytes(orjson.dumps(entry))
    make(trace, tmp_path / "r.html")
    page = await opened(context, tmp_path / "r.html")
    await page.locator(".row").click()
    await page.get_by_role("list", name="Fields of the frame").get_by_text(evil).first.wait_for()
    assert await page.title() == "evil.jsonl"
    assert await page.locator("img").count() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no frames"), (b"hello\n", "line 1"), (None, "there is no such file")],
)
def test_what_is_no_trace_makes_no_report(content: bytes | None, says: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    if content is not None:
        trace.write_bytes(content)
    made = make(trace, tmp_path / "r.html")
    assert made.returncode != 0
    assert says in made.stderr
    assert not (tmp_path / "r.html").exists()


async def test_the_server_gives_a_report_of_a_space(
    mock: Mock, context: BrowserContext, tmp_path: Path
) -> None:
    await mock.recorded()
    reply = await mock.ask("GET", "/spaces/shop/report")
    assert (reply.status, reply.kind) == (200, "text/html")
    (tmp_path / "shop.html").write_bytes(reply.data)
    page = await opened(context, tmp_path / "shop.html")
    await page.get_by_role("option", name="event video.recording.ended").first.wait_for()


async def test_a_link_into_a_report_shows_the_same_frame(
    context: BrowserContext, tmp_path: Path
) -> None:
    make(TRACES / "good-pause-resume.jsonl", tmp_path / "r.html")
    page = await context.new_page()
    await page.goto(f"{(tmp_path / 'r.html').as_uri()}#n=4")
    await (
        page.get_by_role("listbox")
        .get_by_role("option", selected=True)
        .filter(has_text="frame 4,")
        .wait_for()
    )
