"""A real Chromium, without a window, driven over its own DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
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
VIRTUAL_KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Escape": 27, "Tab": 9, "Enter": 13}
PATIENCE = 30.0  # seconds; only a failing test waits that long


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """One page of one Chromium with a profile of its own; a context manager."""

    def __init__(self, executable: str, profile: Path):
        self.patience = PATIENCE
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
        wait_for(lambda: bool(self.run(f"Boolean({script})")), script, self.patience)

    def type(self, selector: str, text: str, key: str = "Enter") -> None:
        """As a person would: go into a field, replace what is in it, press a key ('' for none)."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.command("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp") if key else ():
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=13, text="\r")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the element."""
        x, y = self._middle(selector, scrolls=True)
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def tap(self, selector: str) -> None:
        """With a finger, in the middle of the element, where it is now: one that is out of sight fails the test."""
        x, y = self._middle(selector, scrolls=False)
        self.stroke([(x, y)])

    def finger_down(self, selector: str, *others: str) -> None:
        """On the middle of an element, and a further finger on each of the others, until `finger_up`."""
        places = [self._middle(each, scrolls=False) for each in (selector, *others)]
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        for count in range(1, len(points) + 1):
            self.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=points[:count])

    def finger_up(self) -> None:
        """All fingers."""
        self.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def mouse(self, kind: str, selector: str) -> None:
        """kind: "mousePressed" or "mouseReleased", in the middle of an element, where it is now."""
        x, y = self._middle(selector, scrolls=False)
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def stroke(self, points: Sequence[tuple[float, float]]) -> None:
        """A finger goes down, along these points of the window, and up."""
        kinds = ["touchStart", *["touchMove"] * (len(points) - 1)]
        for kind, (x, y) in zip(kinds, points, strict=True):
            self.command("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key: str, code: str = "", modifiers: int = 0) -> None:
        """A key of the keyboard. modifiers: 8 is Shift."""
        text = key if len(key) == 1 else ""
        for kind in ("keyDown", "keyUp"):
            self.command(
                "Input.dispatchKeyEvent", type=kind, key=key, code=code or key, text=text, modifiers=modifiers,
                windowsVirtualKeyCode=VIRTUAL_KEYS.get(key, 0),
            )  # fmt: skip

    def resize(self, width: int, height: int, phone: bool = False) -> None:
        """The window, in CSS pixels. phone: with fingers in place of a mouse, and a screen twice as fine."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self.command("Emulation.setTouchEmulationEnabled", enabled=phone)

    def choose_files(self, selector: str, *paths: Path) -> None:
        """What a person chooses in the system's own window, which no browser lets a program see."""
        document = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Where an element is in the window: left, top, width and height."""
        box = self.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.x, box.y, box.width, box.height]; })()"
        )
        assert isinstance(box, list), selector
        return box[0], box[1], box[2], box[3]

    def _middle(self, selector: str, scrolls: bool) -> tuple[float, float]:
        if scrolls:
            self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        left, top, width, height = self.box(selector)
        x, y = left + width / 2, top + height / 2
        hit = f"document.elementFromPoint({x}, {y})?.closest({json.dumps(selector)})"
        assert scrolls or self.run(f"Boolean({hit})"), f"{selector} is out of sight, at {x:.0f}, {y:.0f}"
        return x, y

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Until the condition holds; fails the test, naming `what`, when patience ends."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited {patience:.0f} s in vain for: {what}"
        time.sleep(0.02)
