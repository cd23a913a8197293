"""A demo store in a temporary folder, imported and served, with tokens of each role."""

import base64
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

PROGRAM = pathlib.Path(os.environ["CARGO_TARGET_DIR"]) / "debug" / "faltkarta"
# A fiftieth of the town has every dataset and is made in seconds.
SCALE = "0.02"


class Store:
    """A served store; stops when the block ends."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.store = str(self.folder / "store")

    def __enter__(self):
        delivery = str(self.folder / "delivery")
        run("demo", delivery, "--scale", SCALE)
        run("import", self.store, delivery)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/ogc"
        self.server = subprocess.Popen([PROGRAM, "serve", self.store, "--listen", f"127.0.0.1:{port}"],
                                       stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{self.root}/health").close()
                break
            except OSError:
                time.sleep(0.05)
        self.token = self.join("technician+coordinator")
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def join(self, role):
        """A token of a role, as a coordinator's one-time code gives it."""
        code = json.loads(run("--json", "device", "invite", self.store, "--role", role))["code"]
        wish = {"protocol": 1, "code": code, "device_name": "kartprogram", "user_name": "Prov",
                "replica": "00000000-0000-4000-8000-000000000001"}
        status, _, body = self.ask("POST", f"{self.root}/sync/v1/join", json.dumps(wish), token=None)
        assert status == 200, body
        return json.loads(body)["token"]

    def ask(self, method, url, body=None, token="", headers=None):
        """Status, head and body of an answer; an empty token means the store's own."""
        url = url if url.startswith("http") else self.url + url
        request = urllib.request.Request(url, None if body is None else body.encode(), method=method)
        request.add_header("Content-Type", "application/json")
        if token is not None:
            pair = f"prov:{token or self.token}".encode()
            request.add_header("Authorization", "Basic " + base64.b64encode(pair).decode())
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def page(self, path):
        """An answer as JSON."""
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout
