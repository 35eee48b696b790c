"""Fetching from servers that lie: of lengths, of ranges, of versions, of what they serve."""

import gzip
import json
import logging
import os
import threading
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from conftest import serving

from markexpr.io import jobs
from markexpr.io.downloads import fetch
from markexpr.io.files import check_gzip
from markexpr.io.jobs import InputError
from markexpr.io.mirrors import hide_secret

RNG = np.random.default_rng(0)
ONE, TWO, OTHER = (gzip.compress(RNG.bytes(size)) for size in (150_000, 120_000, 120_000))
WHOLE = ONE + TWO  # of two members
TABLE = b"".join(b"ENSG%011d\tX\t%d\n" % (number, number) for number in range(2000))


class Server(BaseHTTPRequestHandler):
    """Answers each request as `server.answer(start, number)` says: status, headers, content, and
    whether the content is all that was announced."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        start = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0]
        status, headers, content = self.server.answer(int(start), len(self.server.asked))
        self.send_response(status)
        for name, value in {"Content-Length": len(content), **headers}.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True


@pytest.fixture
def server():
    with serving(Server) as server:
        server.asked = []
        yield server


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    logging.getLogger("markexpr").handlers[:] = []
    monkeypatch.setattr(jobs, "_warnings", [])
    monkeypatch.delenv("MARKEXPR_MIRROR_SECRETS", raising=False)


def part_of(content, start, etag=None, total=None):
    """The answer to a request for what begins at `start`."""
    total = total or len(content)
    named = {"ETag": etag} if etag else {}
    if not start:
        return 200, named, content
    return 206, {**named, "Content-Range": f"bytes {start}-{total - 1}/{total}"}, content[start:]


def cut(answer, at):
    """The same answer, of which `at` bytes come before the connection ends."""
    status, headers, content = answer
    return status, {"Content-Length": len(content), **headers}, content[:at]


def get(server, folder, name="a.gz", **options):
    fetch(f"{server.url}/{name}", folder / name, pause=0, **options)
    return (folder / name).read_bytes()


def assert_refused(server, folder, why, name="a.gz", **options):
    with pytest.raises(InputError, match=why):
        get(server, folder, name, **options)
    assert not (folder / name).exists() and not (folder / f"{name}.sha256").exists()
    assert not list(folder.glob(".*.lock"))


# ---- lengths ----


@pytest.mark.parametrize("name", ["table.txt", "two_members.gz"])
def test_without_an_announced_length_a_file_that_may_be_cut_is_warned_of(server, tmp_path, name):
    content = TABLE[: len(TABLE) * 97 // 100] if name == "table.txt" else ONE + TWO
    server.answer = lambda *_: (200, {"Content-Length": None}, content)
    assert get(server, tmp_path, name) == content
    ((_, _, what),) = jobs.list_warnings()
    assert f"{name} came without an announced length" in what and str(len(content)) in what


def test_one_gzip_member_proves_itself(server, tmp_path):
    server.answer = lambda *_: (200, {"Content-Length": None}, ONE)
    assert get(server, tmp_path) == ONE and not jobs.list_warnings()
    server.answer = lambda *_: (200, {"Content-Length": None}, ONE[:-9])
    assert_refused(server, tmp_path / "b", r"not whole")


def test_a_connection_that_ends_between_two_members_is_no_end(server, tmp_path):
    server.answer = lambda start, number: (
        cut(part_of(WHOLE, start, '"1"'), len(ONE)) if number == 1 else part_of(WHOLE, start, '"1"')
    )
    assert get(server, tmp_path) == WHOLE
    assert server.asked[1][1]["If-Range"] == '"1"'


def test_blocks_of_bgzip_without_their_end_are_not_whole(server, tmp_path):
    block = gzip.compress(b"", mtime=0)
    block = block[:3] + b"\4" + block[4:10] + b"\6\0BC\2\0\0\0" + block[10:]
    server.answer = lambda *_: (200, {}, block)
    assert check_gzip_of(block, tmp_path) == 1
    assert_refused(server, tmp_path, "bgzip's mark at the end is missing")


def check_gzip_of(content, folder):
    (folder / "x").write_bytes(content)
    return check_gzip(folder / "x")


# ---- pieces ----


def test_a_file_that_changed_between_two_pieces_is_not_spliced(server, tmp_path):
    # both versions are of one length, and the piece ends where a member does
    assert len(ONE + OTHER) == len(WHOLE)

    def answer(start, number):
        if number == 1:
            return cut(part_of(WHOLE, start, '"1"'), len(ONE))
        asked = server.asked[-1][1].get("If-Range")
        return part_of(ONE[::-1] + OTHER, 0, '"2"') if asked else part_of(ONE + OTHER, 0, '"2"')

    server.answer = answer
    assert get(server, tmp_path) == ONE + OTHER


@pytest.mark.parametrize("etag", ['"2"', None])
def test_a_server_that_ignores_what_is_asked_of_the_version(server, tmp_path, etag):
    # with a name of the version that is another, or with none at all
    server.answer = lambda start, number: (
        cut(part_of(WHOLE, 0, etag and '"1"'), len(ONE))
        if number == 1
        else part_of(ONE + OTHER, start, etag)
    )
    assert get(server, tmp_path) == ONE + OTHER
    assert "Range" in server.asked[1][1] and "Range" not in server.asked[2][1]


def test_a_part_of_another_version_left_by_an_earlier_run(server, tmp_path):
    server.answer = lambda start, _: cut(part_of(WHOLE, start, '"1"'), len(ONE))
    assert_refused(server, tmp_path, "could not be fetched whole", attempts=1)
    server.answer = lambda start, _: part_of(ONE + OTHER, 0, '"2"')
    assert get(server, tmp_path) == ONE + OTHER
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gz", "a.gz.sha256"]


@pytest.mark.parametrize("shift", [-10, 10])
def test_a_piece_that_begins_elsewhere_is_not_appended(server, tmp_path, shift):
    def answer(start, number):
        if number == 1:
            return cut(part_of(WHOLE, 0), 100_000)
        return part_of(WHOLE, start and start + shift)

    server.answer = answer
    assert get(server, tmp_path) == WHOLE


def test_a_piece_of_a_shorter_file_is_not_appended(server, tmp_path):
    server.answer = lambda start, number: (
        cut(part_of(WHOLE, 0), 100_000) if number == 1 else part_of(ONE if start else WHOLE, start)
    )
    assert get(server, tmp_path) == WHOLE


@pytest.mark.parametrize(
    ("length", "taken"),
    [("bytes */150000", False), ("bytes */0", False), (None, False), ("", True)],
)
def test_nothing_left_to_fetch_is_believed_with_the_right_length_alone(
    server, tmp_path, length, taken
):
    # the piece ends where a member does
    length = f"bytes */{len(ONE)}" if taken else length

    def answer(start, number):
        if number == 1:
            return cut(part_of(WHOLE, 0), len(ONE))
        return (416, {"Content-Range": length}, b"") if start else part_of(WHOLE, 0)

    server.answer = answer
    assert get(server, tmp_path) == (ONE if taken else WHOLE)


# ---- content ----


PAGE = b"\n<!DOCTYPE html><html><title>Log in</title></html>"


@pytest.mark.parametrize("name", ["a.gz", "table.txt"])
@pytest.mark.parametrize("page", [PAGE, b'{"error": "no such bucket"}', b"\xef\xbb\xbf<Error/>"])
def test_a_page_of_a_login_is_no_file(server, tmp_path, name, page):
    server.answer = lambda *_: (200, {"Content-Type": "text/html"}, page)
    assert_refused(server, tmp_path, "a web page or an error message .* ask for a login", name)
    assert len(server.asked) == 2


def test_nothing_at_all_is_no_file(server, tmp_path):
    server.answer = lambda *_: (200, {}, b"")
    assert_refused(server, tmp_path, "nothing came", "table.txt", attempts=2)


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("table.txt", gzip.compress(TABLE), TABLE),
        ("table.txt", TABLE, TABLE),
        ("a.gz", ONE, ONE),
        ("a.gz", gzip.compress(ONE), ONE),
    ],
)
def test_a_content_encoding_that_was_not_asked_for(server, tmp_path, name, sent, kept):
    server.answer = lambda *_: (200, {"Content-Encoding": "gzip"}, sent)
    assert get(server, tmp_path, name) == kept


def test_a_content_encoding_that_cannot_be_undone(server, tmp_path):
    server.answer = lambda *_: (200, {"Content-Encoding": "br"}, TABLE)
    assert_refused(server, tmp_path, "Content-Encoding br", "table.txt")


# ---- what else reaches curl ----


def test_a_curlrc_is_not_read(server, tmp_path, monkeypatch):
    (tmp_path / ".curlrc").write_text('output = "elsewhere"\nrange = "0-99"\nuser-agent = "mine"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CURL_HOME", str(tmp_path))
    server.answer = lambda *_: (200, {}, ONE)
    assert get(server, tmp_path / "out") == ONE
    assert server.asked[0][1]["User-Agent"].startswith("curl/")


def test_login_and_token_reach_the_server_and_no_file(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("markexpr"), "propagate", True)
    monkeypatch.setenv("MARKEXPR_MIRROR_SECRETS", "{}")
    host = server.url.removeprefix("http://")
    public = hide_secret(f"http://ann:hush-hush@{host}/data/?token=t0psecret")
    assert public == f"http://{host}/data"
    server.answer = lambda *_: (200, {}, ONE)
    with caplog.at_level(logging.INFO):
        fetch(f"{public}/x/a.gz", tmp_path / "a.gz", pause=0)
        server.answer = lambda *_: (403, {}, b"")
        with pytest.raises(InputError) as error:
            fetch(f"{public}/x/b.gz", tmp_path / "b.gz", pause=0)
    path, headers = server.asked[0]
    assert path == "/data/x/a.gz?token=t0psecret"
    assert headers["Authorization"] == "Basic YW5uOmh1c2gtaHVzaA=="
    written = caplog.text + str(error.value) + (tmp_path / "a.gz.sha256").read_text()
    assert "hush" not in written and "t0psecret" not in written and public in written


def test_a_name_without_a_password_has_it_from_netrc(server, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    server.answer = lambda *_: (200, {}, ONE)
    get(server, tmp_path / "without")
    fetch(server.url.replace("//", "//ann@") + "/a.gz", tmp_path / "a.gz")
    assert [headers.get("Authorization") for _, headers in server.asked] == [
        None,
        "Basic YW5uOmh1c2g=",
    ]


# ---- two at once ----


def test_two_that_fetch_one_file_take_turns(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("markexpr"), "propagate", True)
    begun, go_on = threading.Event(), threading.Event()

    def answer(*_):
        begun.set()
        go_on.wait(60)
        return 200, {}, WHOLE

    server.answer = answer
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "results")
    first, second = (
        threading.Thread(target=get, args=(server, tmp_path / name)) for name in ("results", "link")
    )
    with caplog.at_level(logging.INFO):
        first.start()
        assert begun.wait(60)
        second.start()
        while "another run is fetching" not in caplog.text:
            second.join(0.01)
        go_on.set()
        first.join()
        second.join()
    assert len(server.asked) == 1 and "another run has fetched" in caplog.text
    assert sorted(os.listdir(tmp_path / "results")) == ["a.gz", "a.gz.sha256"]
    assert (tmp_path / "results/a.gz").read_bytes() == WHOLE


def test_where_nothing_can_be_locked_it_says_so(server, tmp_path, monkeypatch, caplog):
    def no_locks(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    monkeypatch.setattr(logging.getLogger("markexpr"), "propagate", True)
    server.answer = lambda *_: (200, {}, ONE)
    assert get(server, tmp_path) == ONE
    assert "no locks can be had" in caplog.text


def test_notes_of_a_part_that_cannot_be_read_are_none(server, tmp_path):
    server.answer = lambda start, _: cut(part_of(WHOLE, start, '"1"'), len(ONE))
    assert_refused(server, tmp_path, "could not be fetched whole", attempts=1)
    (notes,) = tmp_path.glob(".*.json")
    assert json.loads(notes.read_text()) == {"total": len(WHOLE), "validator": '"1"'}
    notes.write_text("{")
    server.answer = lambda start, _: part_of(WHOLE, start)
    assert get(server, tmp_path) == WHOLE
