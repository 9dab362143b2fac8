"""Prompts that grow, and prompts in other languages, on the command line."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from himmel.cli import main

CAPTION = "a red ball rolls to the left in the snow at sunset. the camera moves in. cartoon style."


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, str]]]]:
    asked: list[dict[str, str]] = []
    body = json.dumps({"choices": [{"message": {"content": CAPTION}}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    server.shutdown()
    server.server_close()
    thread.join()


def planned(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], str]:
    """The plan of the bundled model, and what was said."""
    assert main(["make", *arguments, "--seed", "7", "--dry-run"]) == 0
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def test_rules_are_the_default_and_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    plan, said = planned(capsys, "a red ball")
    caption = plan["shots"][0]["caption"]
    assert (
        caption.startswith("a red ball ")
        and caption.endswith("realistic style.")
        and plan["prompt"] == "a red ball"
    )
    assert f'completed to: "{caption}"' in said and f'completed to: "{caption}"' in plan["notes"]
    assert planned(capsys, "a red ball", "--expand", "off")[0]["shots"][0]["caption"] == "a red ball"


def test_another_language_a_length_and_a_shape(capsys: pytest.CaptureFixture[str]) -> None:
    plan, said = planned(capsys, "ein roter Ball rollt nach links, vier Sekunden, Hochformat")
    shot = plan["shots"][0]
    assert shot["caption"].startswith("a red ball rolls to the left") and (shot["width"], shot["height"]) == (
        96,
        160,
    )
    assert shot["frames"] == 49 and 'read as German: "a red ball rolls to the left"' in said
    plan, _ = planned(capsys, "ein roter Ball, vier Sekunden", "--seconds", "1", "--size", "128x128")
    assert plan["shots"][0]["frames"] == 13


def test_a_writer_is_named_by_flags_or_the_environment(
    endpoint: tuple[str, list[dict[str, str]]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = endpoint
    plan, _ = planned(capsys, "a red ball", "--expand", "llm", "--llm-url", address, "--llm-model", "tiny")
    assert plan["shots"][0]["caption"] == CAPTION and "Authorization" not in asked[0]
    monkeypatch.setenv("HIMMEL_LLM_URL", address)
    monkeypatch.setenv("HIMMEL_LLM_MODEL", "tiny")
    monkeypatch.setenv("HIMMEL_LLM_KEY", "s3cret")
    plan, said = planned(capsys, "a red ball", "--expand", "llm")
    assert plan["shots"][0]["caption"] == CAPTION and asked[1]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in said and "s3cret" not in json.dumps(plan)
    planned(capsys, "a red ball")
    assert len(asked) == 2  # the environment alone asks nobody


def test_a_writer_without_an_address_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIMMEL_LLM_URL", raising=False)
    assert main(["make", "a red ball", "--expand", "llm", "--dry-run"]) == 2
    assert "--llm-url or HIMMEL_LLM_URL" in capsys.readouterr().err


def test_a_language_that_is_not_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make", "красный мяч катится влево", "--dry-run"]) == 2
    assert "in no language that is read" in capsys.readouterr().err


def test_the_policy_reads_the_translation(capsys: pytest.CaptureFixture[str]) -> None:
    """What is asked in another language is refused as its English is, though the prompt has no refused word."""
    from himmel.safety import review_prompt

    prompt = "ein Kind läuft nude durch den Schnee"
    assert review_prompt(prompt).allowed
    assert main(["make", prompt, "--dry-run"]) == 2
    assert "sexual-minors" in capsys.readouterr().err


def test_from_repeats_what_was_completed(
    tiny_weights: Path, keys_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], endpoint: tuple[str, list[dict[str, str]]],
) -> None:  # fmt: skip
    from himmel.generate import read_plan

    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)
    model = ("--model", str(tiny_weights))
    address, asked = endpoint
    writer = ("--expand", "llm", "--llm-url", address, "--llm-model", "m")
    assert main(["make", "a red ball", "-o", "a.mp4", *writer, *model]) == 0
    assert main(["make", "--from", "a.mp4", "-o", "b.mp4", *model]) == 0
    assert read_plan(Path("a.mp4")) == read_plan(Path("b.mp4")) and len(asked) == 1
    assert main(["make", "--from", "a.mp4", "--expand", "off", *model]) == 2
    assert "--from repeats a video exactly" in capsys.readouterr().err
