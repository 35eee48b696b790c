"""URLs of mirrors: files below them, and what in them is secret.

A mirror may want a password (`https://name:password@host/data`) or a token
(`https://host/data?token=…`). Neither is written anywhere: what params, logs, checksums and
messages show is the URL without them. The rest goes to the download's job by the environment, which
each Snakemake sets from the configuration that it reads.
"""

import json
import os
from urllib.parse import unquote, urlsplit, urlunsplit

VARIABLE = "MARKEXPR_MIRROR_SECRETS"  # JSON: by public URL of a mirror, its login and query


def hide_secret(mirror):
    """Keep login and query of a mirror's URL in the environment. Returns the URL without them; a
    name without a password stays, since it is none."""
    if "://" not in mirror or mirror.startswith("file:"):
        return mirror
    parts = urlsplit(mirror)
    login, _, host = parts.netloc.rpartition("@")
    if ":" not in login:
        login, host = "", parts.netloc
    public = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    if login or parts.query:
        secrets = {**_read_secrets(), public: [login, parts.query]}
        os.environ[VARIABLE] = json.dumps(secrets)
    return public


def reveal_secret(url):
    """The whole URL of a file below a mirror, with login and query; curl alone is told."""
    parts = urlsplit(url)
    for mirror, (login, query) in _read_secrets().items():
        if url.startswith(f"{mirror}/"):
            host = f"{login}@{parts.netloc}" if login else parts.netloc
            return urlunsplit((parts.scheme, host, parts.path, query, ""))
    return url


def without_secrets(text):
    """A program's message with every secret blotted out."""
    for login, query in _read_secrets().values():
        password = login.partition(":")[2]
        for secret in (login, password, unquote(password), query):
            if secret:
                text = text.replace(secret, "***")
    return text


def _read_secrets():
    return json.loads(os.environ.get(VARIABLE, "{}"))
