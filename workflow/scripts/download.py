"""One file from the mirror: download.py URL DESTINATION LOG [--checksum]. Needs Python alone, of
any environment."""

import argparse
from types import SimpleNamespace

from markexpr.io.downloads import fetch
from markexpr.io.jobs import run_job


def main(job):
    fetch(job.url, job.destination, checksum=job.checksum)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("destination")
    parser.add_argument("log")
    parser.add_argument("--checksum", action="store_true")
    options = parser.parse_args()
    run_job(main, SimpleNamespace(**{**vars(options), "log": [options.log]}))
