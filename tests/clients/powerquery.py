"""Reads a table as Power Query's web source does, and prints what happened as JSON.

    python tests/clients/powerquery.py URL KEY [TIMEOUT]

What it imitates, by Microsoft's documentation: HTTP/1.1 with the engine's own headers; Basic, shown after the server has
asked for it; 100 seconds until an answer (or TIMEOUT); 408, 429, 503, 504 and 509 are asked again up to three times, after
`Retry-After` when it is a whole number of seconds, kept within 0.5 and 120, else after a growing pause; every other refusal
ends it. `Expect: 100-continue` is sent as well, which the engine does with requests that have a body.

    {"status": 200, "rows": 312, "columns": ["message_id", ...], "tries": [{"status": 503, "seconds": 90.1, "pause": 20.0}, ...]}
"""

import base64
import csv
import gzip
import http.client
import io
import json
import sys
import time
import urllib.parse
import zlib

AGAIN = {408, 429, 503, 504, 509}
TRIES = 4


def ask(url, key, timeout, credential):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    headers = {
        "User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
        "Accept-Encoding": "gzip, deflate",
        "Expect": "100-continue",
    }
    if credential:
        headers["Authorization"] = "Basic " + base64.b64encode(f"key:{key}".encode()).decode()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, unpacked(body, answer.getheader("Content-Encoding"))


def unpacked(body, coding):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "deflate":
        return zlib.decompress(body)
    if coding:
        raise ValueError(f"{coding} was not asked for")
    return body


def pause_of(answer, tried):
    written = answer.getheader("Retry-After") or ""
    wanted = int(written) if written.isdigit() else 0.5 * 2**tried
    return min(max(wanted, 0.5), 120)


def read(url, key, timeout):
    answer, _ = ask(url, key, timeout, credential=False)
    challenge = answer.headers.get_all("WWW-Authenticate") or []
    if answer.status != 401 or not challenge or not challenge[0].startswith("Basic"):
        raise ValueError(f"{answer.status} without a credential, {challenge}")
    tries = []
    for tried in range(TRIES):
        began = time.monotonic()
        answer, body = ask(url, key, timeout, credential=True)
        tries.append({"status": answer.status, "seconds": round(time.monotonic() - began, 1)})
        if answer.status not in AGAIN or tried == TRIES - 1:
            break
        tries[-1]["pause"] = pause_of(answer, tried)
        time.sleep(tries[-1]["pause"])
    result = {"status": answer.status, "tries": tries, "media_type": answer.getheader("Content-Type")}
    if answer.status == 200:
        header, *rows = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
        result |= {"rows": len(rows), "columns": header, "ragged": sum(len(row) != len(header) for row in rows)}
    else:
        result["body"] = body.decode("utf-8", "replace")
    return result


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    print(json.dumps(read(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) == 4 else 100.0)))
