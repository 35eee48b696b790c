"""Fetching of single large files: resumed after a break, tested whole, moved into place in one
step."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

from markexpr.io.checksums import record
from markexpr.io.files import check_gzip
from markexpr.io.jobs import PROGRESS, InputError, log

ATTEMPTS = 6
PAUSE = 5  # seconds before the second attempt; doubled before each further one
REPORT_EVERY = 30  # seconds between progress lines

# curl's exit codes after which another attempt cannot help
NO_SUCH_FILE = 37  # file:// URL that cannot be read
HOPELESS = {
    1: "its protocol is not supported",
    3: "it is no URL",
    23: "the disk is full or cannot be written",
}
CANNOT_RESUME = (33, 36)
GONE = {"401", "403", "404", "410"}


def as_url(place):
    """A URL as it is, a local path as a file:// URL; spaces and the like in file:// URLs are
    encoded."""
    if place.startswith("file://"):
        place = unquote(place.removeprefix("file://"))
    return place if "://" in place else Path(place).resolve().as_uri()


def _protocols(url):
    """curl's arguments for the protocols that a URL may use: its own, and none that is less safe
    after a redirect."""
    scheme = url.split("://", 1)[0].lower()
    redirected = "=http,https" if scheme == "http" else "=https"
    return ["--proto", f"={scheme}", "--proto-redir", redirected]


def _curl(url, part, name):
    """One attempt, going on where `part` ends. Returns (curl's exit code, HTTP status, curl's
    message).

    curl's own `--retry` is of no use here: it begins again at the byte where the first attempt
    began, and does not count a connection that is cut as worth another (curl 7.88).
    """
    command = [
        "curl", "--fail", "--location", "--globoff", "--continue-at", "-", "--output", part,
        "--connect-timeout", "30", "--speed-limit", "1000", "--speed-time", "60",
        "--write-out", "%{http_code}", *_protocols(url), url,
    ]  # fmt: skip
    message, told = "", time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        # curl's meter, a line a second: % total % received % sent, speeds, times, current speed
        for line in process.stderr:
            fields = line.split()
            if line.startswith("curl: "):
                message = line.strip()
            elif len(fields) == 12 and time.monotonic() - told > REPORT_EVERY:
                percent, total, speed, left = fields[0], fields[1], fields[6], fields[10]
                if total == "0":  # not known yet
                    continue
                log.log(
                    PROGRESS, "%s: %s %% of %s, %s/s, %s left", name, percent, total, speed, left
                )
                told = time.monotonic()
        status = process.stdout.read()[-3:]
    if process.returncode:
        log.info("curl ended with %d: %s", process.returncode, message)
    return process.returncode, status, message


def _problem(part, code, status, message, gzipped):
    """What is wrong after an attempt, or None if `part` is whole. What cannot be resumed is
    removed."""
    complete = code == 0 or status == "416"  # 416: nothing is left to fetch
    if not complete or not part.exists():
        if code in CANNOT_RESUME:
            part.unlink(missing_ok=True)
        return f"HTTP {status}" if code == 22 else message or f"curl's exit code {code}"
    if gzipped:
        try:
            check_gzip(part)
        except InputError as error:
            part.unlink()
            return f"what it serves is not whole: {error.__cause__}"
    return None


def fetch(place, destination, attempts=ATTEMPTS, pause=PAUSE, checksum=True):
    """Fetch a URL or local path to `destination`.

    The file appears at `destination` only when it is whole: all of its announced length, and for
    `.gz` a gzip stream that reads to its end. What a broken attempt left is resumed by the next
    one, in this run or a later one. With `checksum`, its sha256 is noted beside it on first
    arrival and compared on every later one (markexpr.io.checksums). Raises InputError if the file
    is not there, is cut short at the server, changed there, or does not come after `attempts`.
    """
    if shutil.which("curl") is None:
        raise InputError(
            "curl is not on the PATH: install it (apt-get install curl, or conda install curl)"
        )
    url, destination = as_url(place), Path(destination)
    # of this URL alone: a part from another mirror must not be resumed
    part = destination.with_name(
        f".{destination.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
    )
    part.parent.mkdir(parents=True, exist_ok=True)
    local, gzipped = url.startswith("file:"), destination.suffix == ".gz"
    log.info("fetching %s", url)
    cut_short = 0
    for attempt in range(1, attempts + 1):
        if local or not gzipped:
            # nothing would tell a splice of two versions of a plain file from a whole one; and
            # these are small or near
            part.unlink(missing_ok=True)
        code, status, message = _curl(url, part, destination.name)
        if code in HOPELESS:
            raise InputError(
                f"{url} cannot be fetched to {destination.parent}: {HOPELESS[code]} ({message})"
            )
        if code == NO_SUCH_FILE or status in GONE:
            part.unlink(missing_ok=True)
            why = "no such file" if code == NO_SUCH_FILE else f"HTTP {status}"
            raise InputError(
                f"{url} cannot be had ({why}); check config keys 'mirror' and 'cells', or "
                "say under 'sources' where else this cell's data are"
            )
        problem = _problem(part, code, status, message, gzipped)
        if problem is None:
            log.info("%.1f MB", part.stat().st_size / 1e6)
            if checksum:
                record(part, destination, url)
            os.replace(part, destination)
            return
        # a transfer that ended well but brought a broken file: once more in case it was chance,
        # then it is the server's
        cut_short += code == 0
        if (local and code == 0) or cut_short == 2:
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
