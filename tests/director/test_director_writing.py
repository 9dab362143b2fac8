"""A writer of captions at the other end of a real connection."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from himmel.director import ChatWriter, ModelFacts, plan
from himmel.director.writing import objection
from himmel.errors import HimmelError, UsageError
from himmel.plan import Plan, Request

GOOD = "a red ball rolls to the left on the moon in daylight. the camera moves in. cartoon style."


class Endpoint:
    """A server that answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.status, self.body, self.location = 200, b"", ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def says(self, text: object) -> None:
        self.body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.close()


def made(facts: ModelFacts, writer: ChatWriter, prompt: str = "a red ball") -> Plan:
    return plan(Request(prompt=prompt, seed=7, expand="llm"), facts, write=writer)


def test_a_writer_completes_the_prompt(endpoint: Endpoint, small: ModelFacts) -> None:
    endpoint.says(f'  "{GOOD}"\n')
    decided = made(small, ChatWriter(address=endpoint.address, model="tiny", key="s3cret"))
    assert decided.shots[0].caption == GOOD and decided.notes == (f'completed to: "{GOOD}"',)
    [(path, headers, body)] = endpoint.asked
    assert path == "/v1/chat/completions" and headers["Authorization"] == "Bearer s3cret"
    assert body["model"] == "tiny" and body["messages"][-1] == {"role": "user", "content": "a red ball"}
    assert "snowman" in body["messages"][0]["content"]


def test_without_a_key_none_is_sent(endpoint: Endpoint) -> None:
    endpoint.says(GOOD)
    ChatWriter(address=f"{endpoint.address}/chat/completions/", model="tiny")("a red ball", ())
    [(path, headers, _)] = endpoint.asked
    assert path == "/v1/chat/completions" and "Authorization" not in headers


def test_the_writer_is_asked_only_when_wanted(endpoint: Endpoint, small: ModelFacts) -> None:
    writer = ChatWriter(address=endpoint.address, model="tiny")
    plan(Request(prompt="a red ball", seed=7), small, write=writer)
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("a blue cube spins in the snow", 'its caption leaves out "red"'),
        ("", "its caption has 0 characters"),
        ("a red ball " * 100, "characters"),
        (
            "a red ball engulfed by tumultuous iridescent nebulae swirling majestically",
            "words that the model lacks",
        ),
        (["a red ball"], "its answer holds no text"),
    ],
)
def test_nonsense_falls_back_to_rules(answer: object, words: str, endpoint: Endpoint, small: ModelFacts) -> None:
    endpoint.says(answer)
    decided = made(small, ChatWriter(address=endpoint.address, model="tiny"))
    by_rules = plan(Request(prompt="a red ball", seed=7), small)
    assert decided.shots[0].caption == by_rules.shots[0].caption
    [note] = [note for note in decided.notes if "the writer is not used" in note]
    assert words in note and note.endswith("rules complete the prompt instead")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"choices": []}', b"\xff\xfe", b'{"choices": [{"message": 3}]}']
)
def test_an_answer_of_another_kind_falls_back(body: bytes, endpoint: Endpoint, small: ModelFacts) -> None:
    endpoint.body = body
    decided = made(small, ChatWriter(address=endpoint.address, model="tiny"))
    assert any("not that of a chat endpoint" in note for note in decided.notes)


def test_a_writer_that_is_down_falls_back(endpoint: Endpoint, small: ModelFacts) -> None:
    endpoint.status = 503
    writer = ChatWriter(address=endpoint.address, model="tiny")
    assert any("it answered 503" in note for note in made(small, writer).notes)
    endpoint.server.server_close()
    with pytest.raises(HimmelError, match="does not answer"):
        ChatWriter(address="http://127.0.0.1:9/v1", model="tiny", seconds=2)("a red ball", ())


def test_the_key_is_not_carried_elsewhere(endpoint: Endpoint, small: ModelFacts) -> None:
    other = Endpoint()
    try:
        other.says(GOOD)
        endpoint.status, endpoint.location = 307, f"{other.address}/chat/completions"
        decided = made(small, ChatWriter(address=endpoint.address, model="tiny", key="s3cret"))
        assert other.asked == [] and any("it answered 307" in note for note in decided.notes)
    finally:
        other.close()


@pytest.mark.parametrize("address", ["localhost:11434", "file:///etc/passwd", "ftp://host/v1", "http://"])
def test_an_address_is_one_of_the_web(address: str) -> None:
    with pytest.raises(UsageError, match="give one such as http://localhost:11434/v1"):
        ChatWriter(address=address, model="tiny")


def test_a_key_is_not_shown() -> None:
    assert "s3cret" not in repr(ChatWriter(address="http://localhost/v1", model="m", key="s3cret"))


def test_what_is_left_open_by_the_writer_is_completed(endpoint: Endpoint, small: ModelFacts) -> None:
    endpoint.says("a red ball rolls to the left on the moon")
    caption = made(small, ChatWriter(address=endpoint.address, model="tiny")).shots[0].caption
    assert caption.endswith("on the moon in daylight. the camera does not move. realistic style.")


def test_unknown_words_of_the_user_are_kept_too() -> None:
    assert objection("a red zeppelin", "a red ball", ()) == 'its caption leaves out "zeppelin"'
    assert objection("a puppy", "a puppy in the snow", ()) == ""
