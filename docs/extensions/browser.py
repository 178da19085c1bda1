"""Drive Chromium without a window, by the DevTools protocol: for the tests of the site, and to print its chapters.

    with Browser() as browser:
        page = browser.page()
        page.open("file:///.../index.html")
        page.ask("document.title")

Chromium comes from the system: on Debian and Ubuntu `apt-get install chromium`.
"""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = "no Chromium here; on Debian or Ubuntu: apt-get install chromium"


def find():
    """Return the path of Chromium or Chrome, or None."""
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return next(filter(None, map(shutil.which, NAMES)), str(mac) if mac.exists() else None)


class Browser:
    """One Chromium; `with` ends it and removes its folder. Nothing that a page asks of other computers is answered."""

    def __init__(self, patience=60):
        program = find()
        if program is None:
            raise RuntimeError(MISSING)
        self._folder = tempfile.TemporaryDirectory(prefix="course-browser-", ignore_cleanup_errors=True)
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options += ["--disable-extensions", "--disable-background-networking", "--disable-component-update"]
        options += ["--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--remote-allow-origins=*"]
        options += ["--remote-debugging-port=0", f"--user-data-dir={self._folder.name}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([program, *options], **quiet)
        try:
            port, path = self._address(time.monotonic() + patience)
            self._socket = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=patience)
        except BaseException:
            self._end()
            raise
        self._numbers, self._patience = itertools.count(1), patience
        self.events = []

    def _address(self, deadline):
        file = Path(self._folder.name) / "DevToolsActivePort"
        while time.monotonic() < deadline and self._process.poll() is None:
            lines = file.read_text().split() if file.exists() else []
            if len(lines) == 2:
                return lines
            time.sleep(0.05)
        raise RuntimeError("Chromium did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (websocket.WebSocketException, OSError, RuntimeError):
            pass
        self._end()

    def _end(self):
        if getattr(self, "_socket", None):
            self._socket.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def call(self, method, session=None, **parameters):
        """Send one command and return its result; what the browser says meanwhile is kept in `events`."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def page(self, width=1280, height=900):
        """Open an empty page."""
        return Page(self, width, height)


class Page:
    """One tab of the browser."""

    def __init__(self, browser, width, height):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def call(self, method, **parameters):
        """Send one command to this page."""
        return self.browser.call(method, self.session, **parameters)

    def resize(self, width, height=900, mobile=False):
        """Set the size of the window, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def scheme(self, name):
        """Say what the reader's system prefers: "light" or "dark"; and nothing that fades in and out."""
        preferred = {"prefers-color-scheme": name, "prefers-reduced-motion": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[{"name": k, "value": v} for k, v in preferred.items()])

    def open(self, address, ready="document.readyState == 'complete'"):
        """Go to an address and wait until the page is there and `ready` is true."""
        self.browser.events.clear()
        answer = self.call("Page.navigate", url=address)
        if answer.get("errorText"):
            raise RuntimeError(f"{address}: {answer['errorText']}")
        self.wait(f"location.href != 'about:blank' && document.readyState == 'complete' && ({ready})")

    def wait(self, condition, patience=60):
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + patience
        while not self.ask(condition):
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {patience} s in vain for {condition}")
            time.sleep(0.05)

    def ask(self, expression):
        """Return the value of a JavaScript expression; a promise is waited for."""
        options = {"returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def requests(self):
        """Return the addresses that the page asked for since it was opened."""
        sent = (event for event in self.browser.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent if event.get("sessionId") == self.session]

    def errors(self):
        """Return what the page complained of since it was opened: exceptions, files that are missing."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") == self.session and event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            if event.get("sessionId") == self.session and event["method"] == "Log.entryAdded":
                entry = event["params"]["entry"]
                if entry["level"] == "error":
                    found.append(f"{entry['text']} {entry.get('url', '')}")
        return found

    def picture(self, path, whole=False):
        """Store what the page looks like as PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        """Print the page to a PDF file on A4."""
        margins = dict.fromkeys(("marginTop", "marginBottom", "marginLeft", "marginRight"), 0.6)  # inches
        options = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True, "transferMode": "ReturnAsBase64"}
        data = self.call("Page.printToPDF", **options, **margins)["data"]
        Path(path).write_bytes(base64.b64decode(data))
