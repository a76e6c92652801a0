"""Reads a Fairlead stream and sends to it, with Python's standard library alone.

    python3 reader.py read URL COUNT [POSITION]   prints COUNT events, one line of JSON each
    python3 reader.py send URL EVENT JSON         prints the answer

A cut is survived as a browser survives it: by asking again with the last id, after the time that `retry` named.
"""

import http.client
import json
import sys
import time
import urllib.parse
import urllib.request


def blocks(response):
    """The blocks of a stream, as lists of (field, value)."""
    block = []
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line == "":
            yield block
            block = []
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            block.append((field, value.removeprefix(" ")))


def events(url, position=None):
    """The events of a channel, for ever; heartbeats and other words of the server start with `$`."""
    retry = 1.0
    while True:
        headers = {"Accept": "text/event-stream"}
        if position:
            headers["Last-Event-ID"] = position
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as response:
                for block in blocks(response):
                    fields = dict(block)
                    position = fields.get("id", position)
                    retry = float(fields.get("retry", retry * 1000)) / 1000
                    if "data" in fields:
                        data = "\n".join(value for field, value in block if field == "data")
                        yield fields.get("event", "message"), data, position
        except (OSError, http.client.HTTPException) as error:
            print(f"cut ({error}), again after {retry:.1f} s", file=sys.stderr)
        time.sleep(retry)


def read(url, count, position=None):
    for event, data, identity in events(url, position):
        if event.startswith("$"):
            print(f"{event} at {identity}", file=sys.stderr, flush=True)
            continue
        print(json.dumps({"event": event, "data": json.loads(data), "id": identity}), flush=True)
        count -= 1
        if count == 0:
            return


def send(url, event, data):
    body = data.encode("utf-8")
    target = f"{url}?{urllib.parse.urlencode({'event': event})}"
    request = urllib.request.Request(target, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        print(response.read().decode("utf-8"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"] and len(sys.argv) in (4, 5):
        read(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
    elif sys.argv[1:2] == ["send"] and len(sys.argv) == 5:
        send(*sys.argv[2:])
    else:
        sys.exit(__doc__)
