"""A real Chromium without a window, driven by keys alone, over the protocol of its developer tools."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_S = 20
CODES = {"Enter": "Enter", "Escape": "Escape", "ArrowDown": "ArrowDown", "ArrowUp": "ArrowUp", "Tab": "Tab"}


def found() -> str | None:
    """The browser's program; None where it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One page. `errors` holds what the page said on its console, refused requests included."""

    def __init__(self, size: tuple[int, int] = (1360, 900)) -> None:
        self.errors: list[str] = []
        self._profile = tempfile.mkdtemp(prefix="selvedge-chromium-")
        program = found()
        assert program is not None
        self._process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--remote-debugging-port=0", f"--user-data-dir={self._profile}",
             f"--window-size={size[0]},{size[1]}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._number = 0
        port, path = self._waited(self._port)
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(f"ws://127.0.0.1:{port}{path}", max_size=1 << 26, open_timeout=WAIT_S)
        )
        targets = self._send("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = ""
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")
        self._send(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(WAIT_S)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, address: str) -> None:
        self._send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def press(self, *keys: str) -> None:
        """Presses keys one after the other: a letter, a digit, or a name such as Enter."""
        for key in keys:
            code = CODES.get(key) or (
                f"Digit{key}" if key.isdecimal() else f"Key{key.upper()}" if key.isascii() else ""
            )
            said = {"key": key, "code": code} | ({} if key in CODES and key != "Enter" else
                                                 {"text": "\r" if key == "Enter" else key})  # fmt: skip
            numbers = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9}
            said |= {"windowsVirtualKeyCode": numbers.get(key, ord(key.upper()) if len(key) == 1 else 0)}
            self._send("Input.dispatchKeyEvent", type="keyDown", **said)
            said.pop("text", None)
            self._send("Input.dispatchKeyEvent", type="keyUp", **said)

    def type(self, text: str) -> None:
        """What an input method writes: letters of any language, each as one key."""
        for letter in text:
            self._send("Input.insertText", text=letter)

    def value(self, script: str) -> Any:
        found = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Until a script gives true."""
        self._waited(lambda: self.value(script) or None, script)

    def screenshot(self, file: Path, quality: int = 80) -> None:
        kind = "png" if file.suffix == ".png" else "jpeg"
        made = self._send("Page.captureScreenshot", format=kind, **({"quality": quality} if kind == "jpeg" else {}))
        file.write_bytes(base64.b64decode(made["data"]))

    def _port(self) -> tuple[str, str] | None:
        file = Path(self._profile, "DevToolsActivePort")
        lines = file.read_text().split("\n") if file.exists() else []
        return (lines[0], lines[1]) if len(lines) > 1 and lines[1] else None

    def _waited(self, ask: Any, what: str = "the browser's port") -> Any:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if (found := ask()) is not None:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what}: not within {WAIT_S} s")

    def _send(self, method: str, **said: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": said}
        if getattr(self, "_session", ""):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_S))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self._noted(answer)

    def _noted(self, event: dict[str, Any]) -> None:
        said = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(said["exceptionDetails"].get("exception", {}).get("description")))
        elif event.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error":
            if said["entry"].get("url", "").endswith("/favicon.ico"):
                return  # asked for by the browser itself, without the token
            self.errors.append(said["entry"]["text"] + " " + said["entry"].get("url", ""))
        elif event.get("method") == "Network.requestWillBeSent":
            address = said["request"]["url"]
            if not address.startswith(("http://127.0.0.1:", "about:", "data:")):
                self.errors.append(f"a request left the page: {address}")
