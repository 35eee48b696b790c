"""Fetching of single large files: resumed after a break, tested whole, moved into place in one
step."""

import hashlib
import json
import re
import select
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markexpr.io.checksums import is_as_noted, record
from markexpr.io.files import READ, atomic, naming, place
from markexpr.io.jobs import PROGRESS, InputError, log, warn
from markexpr.io.locks import locked
from markexpr.io.mirrors import reveal_secret, without_secrets
from markexpr.io.wholeness import find_fault, may_be_cut, unpack

ATTEMPTS = 6
PAUSE = 5  # seconds before the second attempt; doubled before each further one
REPORT_EVERY = 30  # seconds between progress lines
CHECK = (
    "check config keys 'mirror' and 'cells', or say under 'sources' where else this cell's data are"
)

# curl's exit codes after which another attempt cannot help
HOPELESS = {
    1: "its protocol is not supported",
    2: "curl knows not all options: 7.54 or newer is needed",
    3: "it is no URL",
}
CANNOT_RESUME = (33, 36)
REFUSED = 22  # the server's status is 400 or more
REFUSED_LOGIN = ("401", "403", "407")
GONE = ("404", "410", *REFUSED_LOGIN)
LOGIN = "if a login is needed, check the one in the mirror's URL or in ~/.netrc"


def as_url(source):
    """A URL as it is, a local path as a file:// URL; spaces and the like in file:// URLs are
    encoded."""
    if source.startswith("file://"):
        return local_path(source).as_uri()
    return source if "://" in source else Path(source).resolve().as_uri()


def local_path(source):
    """The path that a file:// URL or a plain path means; None for another URL.

    In a URL, %20 is a space; if no such file is there but one that is called so to the letter, that
    one is meant.
    """
    if not source.startswith("file://"):
        return None if "://" in source else Path(source).resolve()
    written = source.removeprefix("file://").removeprefix("localhost")
    if not written.startswith("/"):
        raise InputError(
            f"{source} cannot be had: a file:// URL names no machine and begins file:///; {CHECK}"
        )
    decoded, literal = Path(unquote(written)), Path(written)
    return literal if literal.exists() and not decoded.exists() else decoded


def fetch(source, destination, attempts=ATTEMPTS, pause=PAUSE, checksum=True):
    """Fetch a URL or local path to `destination`.

    The file appears at `destination` only when it is whole: all of its announced length, and for
    `.gz` a gzip stream that reads to its end. What a broken attempt left is resumed by the next
    one, in this run or a later one, if it is the same file still. One run at a time fetches a file.
    With `checksum`, its sha256 is noted beside it on first arrival and compared on every later one
    (markexpr.io.checksums). Raises InputError if the file is not there, is cut short at the server,
    changed there, or does not come after `attempts`.
    """
    url, destination = as_url(source), Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    # of this URL alone: a part from another mirror must not be resumed
    part = Part(
        destination.with_name(
            f".{destination.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
        )
    )
    with locked(destination) as waited:
        if waited and checksum and is_as_noted(destination, url):
            log.info("another run has fetched %s", url)
            return
        log.info("fetching %s", url)
        path = local_path(source)
        if path is None:
            _download(url, part, destination.name, attempts, pause)
        else:
            _copy(path, part, destination)
        log.info("%.1f MB", part.size / 1e6)
        if checksum:
            record(part.path, destination, url)
        place(part.path, destination)
        part.remove()


class Part:
    """What has come of a file so far, and beside it what the server said of the file: `total`, its
    length, and `validator`, which tells it from another version of itself."""

    def __init__(self, path):
        self.path, self.notes = path, path.with_name(f"{path.name}.json")

    @property
    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def remove(self):
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def read_notes(self):
        """Length and validator as they were noted, or None each."""
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
            return notes["total"], notes["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return None, None

    def note(self, total, validator):
        with atomic(self.notes) as temporary:
            temporary.write_text(
                json.dumps({"total": total, "validator": validator}), encoding="utf-8"
            )


# ---- from a folder ----


def _copy(path, part, destination):
    """Copy a local file. Raises InputError if it is not there, changes meanwhile or is not
    whole."""
    part.remove()
    try:
        before = path.stat()
        with open(path, "rb") as source, naming(part.path), open(part.path, "wb") as target:
            shutil.copyfileobj(source, target, READ)
        after = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} cannot be had (no such file); {CHECK}") from error
    except (PermissionError, IsADirectoryError) as error:
        if str(error.filename) != str(path):
            raise
        raise InputError(f"{path} cannot be read ({error.strerror}); {CHECK}") from error
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    problem = "it changed while it was copied" if changed or part.size != after.st_size else None
    problem = problem or find_fault(part.path, destination.suffix == ".gz")
    if problem:
        part.remove()
        raise InputError(
            f"{path.as_uri()} could not be fetched whole ({problem}); mend the file on the mirror"
        )


# ---- from a server ----


@dataclass
class Answer:
    """What became of one request.

    code: curl's exit code; status: of HTTP, as text; headers: of the last answer, by lower-case
    name; message: curl's error; received: bytes of content.
    """

    code: int
    status: str
    headers: dict = field(default_factory=dict)
    message: str = ""
    received: int = 0

    @property
    def total(self):
        """The announced length of the whole file, or None."""
        if "content-range" in self.headers:
            match = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", self.headers["content-range"])
            return int(match[1]) if match else None
        length = self.headers.get("content-length", "")
        return int(length) if length.isdigit() and self.status == "200" else None

    @property
    def encoding(self):
        """How the content is packed, beside the file itself."""
        return self.headers.get("content-encoding", "").lower()

    @property
    def validator(self):
        """What tells this version of the file from others: a strong ETag or a time stamp, or
        None."""
        etag = self.headers.get("etag", "")
        return etag if etag.startswith('"') else self.headers.get("last-modified")


def _download(url, part, name, attempts, pause):
    """Fetch a URL into `part`, in several attempts if need be."""
    if shutil.which("curl") is None:
        raise InputError(
            "curl is not on the PATH: install it (apt-get install curl, or conda install curl)"
        )
    broken, gzipped = 0, name.endswith(".gz")
    for attempt in range(1, attempts + 1):
        if not gzipped:
            # nothing would tell a splice of two versions of a plain file from a whole one; and
            # these are small
            part.remove()
        answer = _request(url, part, name)
        if answer.code in HOPELESS:
            raise InputError(
                f"{url} cannot be fetched: {HOPELESS[answer.code]} ({answer.message}); {CHECK}"
            )
        if answer.status in GONE:
            part.remove()
            fix = f"{LOGIN}; {CHECK}" if answer.status in REFUSED_LOGIN else CHECK
            raise InputError(f"{url} cannot be had (HTTP {answer.status}); {fix}")
        problem = _find_break(part, answer)
        if problem is None:
            problem = (
                _find_splice(part, answer, gzipped)
                or unpack(part.path, answer.encoding, gzipped)
                or find_fault(part.path, gzipped)
            )
            if problem is None:
                _check_length(url, part, answer, gzipped)
                return
            part.remove()
            # a transfer that ended well but brought a broken file: once more in case it was chance,
            # then it is the server's
            broken += 1
            if broken == 2:
                break
        if attempt < attempts:
            log.info(
                "attempt %d of %d failed (%s); again in %d s", attempt, attempts, problem, pause
            )
            time.sleep(pause)
            pause *= 2
    raise InputError(
        f"{url} could not be fetched whole ({problem}); mend the file on the mirror, or try "
        "again later"
    )


def _find_splice(part, answer, gzipped):
    """Whether the file came in pieces that nothing shows to be of one version, or None."""
    resumed = part.size > answer.received
    if resumed and part.read_notes()[1] is None and may_be_cut(part.path, gzipped):
        return "it came in pieces, and nothing tells whether they are of one version"
    return None


def _check_length(url, part, answer, gzipped):
    """Warn of a file that may lack its end, since the server did not say how long it is."""
    if answer.total is None and may_be_cut(part.path, gzipped):
        warn(
            f"{url} came without an announced length: its end may be missing unseen; compare its "
            f"{part.size} bytes with the source, or fetch it from another mirror"
        )


def _protocols(url):
    """curl's arguments for the protocols that a URL may use: its own, and none that is less safe
    after a redirect."""
    scheme = url.split("://", 1)[0].lower()
    redirected = "=http,https" if scheme == "http" else "=https"
    return ["--proto", f"={scheme}", "--proto-redir", redirected]


def _request(url, part, name):
    """One attempt, going on where `part` ends. Returns an Answer.

    What comes is written here and not by curl, which ends with the pipe: if this job is killed,
    nothing goes on to write. curl's own `--retry` begins again at the byte where the first attempt
    began, and does not count a connection that is cut as worth another (curl 7.88).
    """
    offset, (_, validator) = part.size, part.read_notes()
    command = [
        "curl", "--disable",  # first: no ~/.curlrc
        "--silent", "--show-error", "--fail", "--location", "--globoff", "--no-buffer",
        "--config", "-",  # the URL, from here and not as an argument, which all users may see
        "--connect-timeout", "30", "--speed-limit", "1000", "--speed-time", "60",
        "--dump-header", "/dev/stderr", "--suppress-connect-headers", *_protocols(url),
    ]  # fmt: skip
    if urlsplit(url).username:
        command.append("--netrc-optional")  # a name without its password, which ~/.netrc has
    if offset:
        command += ["--continue-at", str(offset)]
        if validator:
            command += ["--header", f"If-Range: {validator}"]
    with subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        told = Told(process.stderr)
        try:
            quoted = reveal_secret(url).replace("\\", "\\\\").replace('"', '\\"')
            with suppress(BrokenPipeError):
                process.stdin.write(f'url = "{quoted}"\n'.encode())
                process.stdin.close()
            received = _write_down(process.stdout, part, offset, told, name)
        except BaseException:
            process.kill()
            raise
        finally:
            told.join()
    if not part.size:
        part.remove()
    answer = Answer(process.returncode, told.status, told.headers, told.message, received)
    if answer.code:
        log.info("curl ended with %d: %s", answer.code, answer.message)
    return answer


class Told(threading.Thread):
    """Reads what curl says beside the content: the headers of each answer, of which the last
    counts, and its error message."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.status, self.headers, self.message = stream, "", {}, ""
        self.complete = threading.Event()  # the headers of the answer that brings the content
        self.start()

    def run(self):
        for line in self.stream:
            text = line.decode(errors="replace").strip()
            if text.startswith("curl: "):
                self.message = without_secrets(text)
            elif re.match(r"HTTP/[\d.]+ \d{3}", text):
                self.status, self.headers = text.split()[1], {}
            elif ":" in text:
                key, value = text.split(":", 1)
                self.headers[key.strip().lower()] = value.strip()
            elif not text and self.status[:1] not in ("1", "3"):
                self.complete.set()


def _write_down(stream, part, offset, told, name):
    """Append what comes to `part` and tell of its progress. Returns the number of bytes."""
    received, start = 0, time.monotonic()
    last = start
    with naming(part.path), open(part.path, "ab") as file:
        while True:
            # a stalled connection has its progress told as well
            ready, _, _ = select.select([stream], [], [], 0.5)
            now = time.monotonic()
            if now - last > REPORT_EVERY:
                length = told.headers.get("content-length", "")
                _report(name, offset, received, now - start, length)
                last = now
            if not ready:
                continue
            piece = stream.read(READ)
            if not piece:
                return received
            if not received and not offset:
                # an old curl tells late, which costs no more than the means to resume
                told.complete.wait(1)
                answer = Answer(0, told.status, told.headers)
                part.note(answer.total, answer.validator)
            file.write(piece)
            received += len(piece)


def _report(name, offset, received, seconds, length):
    speed = received / seconds
    if not length.isdigit() or not received:
        log.log(PROGRESS, "%s: %s so far, %s/s", name, _short(offset + received), _short(speed))
        return
    total, left = offset + int(length), int((int(length) - received) / speed)
    log.log(
        PROGRESS,
        "%s: %d %% of %s, %s/s, %d:%02d:%02d left",
        name,
        100 * (offset + received) // total,
        _short(total),
        _short(speed),
        *(left // 3600, left // 60 % 60, left % 60),
    )


def _short(size):
    """A number of bytes in a few signs: 293k, 41.2M."""
    for unit in ("", "k", "M", "G"):
        if size < 1000 or unit == "G":
            return f"{size:.1f}{unit}" if unit in ("M", "G") else f"{size:.0f}{unit}"
        size /= 1024
    return ""


def _find_break(part, answer):
    """What is wrong with the transfer, or None if all has come that was announced. What cannot be
    resumed is removed."""
    total, validator = part.read_notes()
    size = part.size
    resumed = size > answer.received
    if answer.status == "416":  # nothing is left to fetch, if the server means this very file
        if size and answer.headers.get("content-range") == f"bytes */{size}":
            return None
        part.remove()
        return f"the server has nothing after the {size} bytes that came before (HTTP 416)"
    if answer.code in CANNOT_RESUME or (resumed and answer.status == "200"):
        part.remove()
        return "it cannot be resumed, or has changed there meanwhile"
    if answer.code == REFUSED:
        return f"HTTP {answer.status}"
    if resumed and answer.received:
        other_length = total and answer.total and total != answer.total
        if other_length or (validator and answer.validator and validator != answer.validator):
            part.remove()
            return "it has changed there while it was fetched"
    if answer.code:
        return answer.message or f"curl's exit code {answer.code}"
    if answer.total is not None and size != answer.total:
        part.remove()
        return f"{size} bytes came where {answer.total} were announced"
    return None if size else "nothing came"
