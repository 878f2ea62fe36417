"""A real Chromium, without a window, driven over its own DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
    "about:blank",
)
PATIENCE = 30.0  # seconds; only a failing test waits that long


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """One page of one Chromium with a profile of its own; a context manager."""

    def __init__(self, executable: str, profile: Path):
        self._command = [executable, f"--user-data-dir={profile}", *FLAGS]
        self._port_file = profile / "DevToolsActivePort"
        self._last = 0
        self._open = ExitStack()

    def __enter__(self) -> "Browser":
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: self._port_file.exists() and self._port_file.read_text().count("\n") == 1, "Chromium")
            port, path = self._port_file.read_text().split("\n")
            self._connection: ClientConnection = self._open.enter_context(
                connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None, proxy=None)
            )
            self._session = ""
            pages = self.command("Target.getTargets")["targetInfos"]
            target = next(page["targetId"] for page in pages if page["type"] == "page")
            attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait()

    def command(self, method: str, **parameters: object) -> dict:
        """Send one DevTools command and return its result; events in between are dropped."""
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE))
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]

    def open(self, url: str) -> None:
        self.command("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> object:
        """The value of a JavaScript expression in the page."""
        result = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Until the expression is true in the page."""
        wait_for(lambda: bool(self.run(script)), script)

    def type(self, selector: str, text: str, key: str = "Enter") -> None:
        """As a person would: go into a field, replace what is in it, press a key ('' for none)."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.command("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp") if key else ():
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=13, text="\r")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the element."""
        box = self.run(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            " element.scrollIntoView({block: 'center'}); const box = element.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        assert isinstance(box, list)
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds; fails the test, naming `what`, when patience ends."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE:.0f} s in vain for: {what}"
        time.sleep(0.02)
