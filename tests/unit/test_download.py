"""Fetching against a loopback server that misbehaves, and from local paths."""

import gzip
import logging
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from conftest import serving

from markexpr.io import downloads as download
from markexpr.io.downloads import as_url, fetch
from markexpr.io.jobs import InputError

CONTENT = gzip.compress(np.random.default_rng(0).bytes(300_000))


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        served = self.server.served
        served.append((self.path, self.headers.get("Range")))
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if self.path == "/busy.gz" and len(served) <= 2:
            self.send_error(503)
        elif self.path == "/gone.gz":
            self.send_error(404)
        elif self.path == "/short.gz":  # whole by its own account, but half a gzip stream
            self.answer(CONTENT[: len(CONTENT) // 2], start)
        elif self.path == "/boasts.gz":  # announces more than it ever sends
            self.answer(CONTENT, start, announce=len(CONTENT) + 1000)
        elif self.path == "/slow.gz":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:100_000])
            self.wfile.flush()
            self.server.told.wait(60)
            self.wfile.write(CONTENT[100_000:])
        elif self.path == "/understates.gz":  # announces less than there is
            self.answer(CONTENT[:-1000], start)
        elif self.path.startswith("/drops") and len(served) <= 2:
            self.answer(CONTENT, start, stop=start + 100_000)
        else:
            self.answer(CONTENT, start)

    def answer(self, content, start, stop=None, announce=None):
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str((announce or len(content)) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start:stop])
        if stop or announce:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True


@pytest.fixture
def server():
    with serving(Server) as server:
        server.served, server.told = [], threading.Event()
        yield server


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("markexpr").handlers[:] = []


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_dropped_connection_is_resumed_and_not_begun_anew(server, tmp_path):
    fetch(f"{server.url}/drops.gz", tmp_path / "a.gz", pause=0)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert [range_ for _, range_ in server.served] == [None, "bytes=100000-", "bytes=200000-"]
    assert left_in(tmp_path) == ["a.gz", "a.gz.sha256"]


def test_what_an_earlier_job_left_is_resumed(server, tmp_path):
    with pytest.raises(InputError):
        fetch(f"{server.url}/drops.gz", tmp_path / "a.gz", attempts=1, pause=0)
    assert not (tmp_path / "a.gz").exists()
    fetch(f"{server.url}/drops.gz", tmp_path / "a.gz", pause=0)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert server.served[1][1] == "bytes=100000-"


def test_a_busy_server_is_asked_again(server, tmp_path):
    fetch(f"{server.url}/busy.gz", tmp_path / "a.gz", pause=0)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert len(server.served) == 3


def test_a_part_of_a_file_that_is_not_gzipped_is_not_resumed(server, tmp_path):
    # nothing would tell a splice of two versions from a whole file
    with pytest.raises(InputError):
        fetch(f"{server.url}/drops.txt", tmp_path / "a.txt", attempts=1, pause=0)
    fetch(f"{server.url}/drops.txt", tmp_path / "a.txt", pause=0)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert {range_ for _, range_ in server.served} == {None}


def test_a_long_download_says_how_far_it_is(server, tmp_path, monkeypatch, caplog):
    class Told(logging.Handler):
        """Has the server send the rest once the line of the first third is there."""

        def emit(self, record):
            line = record.getMessage()
            if re.fullmatch(r"a\.gz: 33 % of 293k, [\d.]+k?/s, [\d:-]+ left", line):
                server.told.set()

    monkeypatch.setattr(download, "REPORT_EVERY", 0.4)
    caplog.set_level(logging.INFO, logger="markexpr")
    monkeypatch.setattr(logging.getLogger("markexpr"), "handlers", [Told()])
    fetch(f"{server.url}/slow.gz", tmp_path / "a.gz", pause=0)
    assert server.told.is_set() and (tmp_path / "a.gz").read_bytes() == CONTENT


def test_a_file_that_is_not_there_is_asked_for_once(server, tmp_path):
    with pytest.raises(
        InputError,
        match=r"/gone\.gz cannot be had \(HTTP 404\); check config keys 'mirror' and 'cells'",
    ):
        fetch(f"{server.url}/gone.gz", tmp_path / "a.gz", pause=0)
    assert len(server.served) == 1
    assert left_in(tmp_path) == []


def test_a_file_that_is_truncated_on_the_server_is_not_taken_for_whole(server, tmp_path):
    with pytest.raises(
        InputError, match=r"/short\.gz could not be fetched whole \(what it serves is not whole"
    ):
        fetch(f"{server.url}/short.gz", tmp_path / "a.gz", pause=0)
    assert len(server.served) == 2
    assert left_in(tmp_path) == []


def test_a_server_that_announces_too_little_is_found_out(server, tmp_path):
    with pytest.raises(
        InputError,
        match=r"/understates\.gz could not be fetched whole \(what it serves is not whole",
    ):
        fetch(f"{server.url}/understates.gz", tmp_path / "a.gz", pause=0)
    assert len(server.served) == 2
    assert left_in(tmp_path) == []


def test_a_server_that_announces_too_much_is_believed_only_by_what_it_sends(server, tmp_path):
    # the stream is whole, and asked for more the server says that there is none
    fetch(f"{server.url}/boasts.gz", tmp_path / "a.gz", pause=0)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert len(server.served) == 2


def test_a_server_that_is_not_there_ends_after_some_attempts(tmp_path):
    with pytest.raises(InputError, match=r"could not be fetched whole \(curl: \(7\)"):
        fetch("http://127.0.0.1:9/a.gz", tmp_path / "a.gz", attempts=3, pause=0)


@pytest.mark.parametrize("place", ["htps://foo.example/a.gz", "file://half/a.gz"])
def test_what_is_no_url_is_refused_at_once(tmp_path, place):
    with pytest.raises(InputError, match=r"cannot be (fetched|had)"):
        fetch(place, tmp_path / "a.gz", attempts=3, pause=1000)


def test_a_local_mirror_given_as_url_or_path_with_spaces(tmp_path):
    folder = tmp_path / "my mirror"
    folder.mkdir()
    (folder / "a.gz").write_bytes(CONTENT)
    for number, place in enumerate(
        (as_url(str(folder / "a.gz")), str(folder / "a.gz"), f"file://{folder}/a.gz")
    ):
        fetch(place, tmp_path / f"out{number}.gz")
        assert (tmp_path / f"out{number}.gz").read_bytes() == CONTENT


def test_a_file_missing_or_truncated_on_a_local_mirror(tmp_path):
    with pytest.raises(InputError, match=r"a\.gz cannot be had \(no such file\)"):
        fetch(str(tmp_path / "a.gz"), tmp_path / "out.gz")
    (tmp_path / "a.gz").write_bytes(CONTENT[:-100])
    with pytest.raises(
        InputError, match=r"a\.gz could not be fetched whole \(what it serves is not whole"
    ):
        fetch(str(tmp_path / "a.gz"), tmp_path / "out.gz")
    assert left_in(tmp_path) == ["a.gz"]


def test_an_empty_gz_is_not_taken_for_whole(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"")
    with pytest.raises(InputError, match="could not be fetched whole"):
        fetch(str(tmp_path / "a.gz"), tmp_path / "out.gz")
