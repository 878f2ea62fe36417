"""What the user is told of the backend: on the component's pages, on its channels, and by his own callbacks."""
# `me` is this DAT, given by TouchDesigner.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

from __future__ import annotations

figures = me.parent().op("figures_of").module


class Pages:
    """comp: the component."""

    def __init__(self, comp) -> None:
        self._comp = comp
        self._figures = figures.Figures()

    def set(self, name: str, value) -> None:
        """Show a value at the parameter of that name."""
        self._comp.par[name].val = value

    def call(self, name: str, **info) -> None:
        """The user's callback of that name, if there is one; its mistakes are his, and told, and stop nothing here."""
        dat = self._comp.par.Callbackdat.eval() or self._comp.op("callbacks")
        try:
            function = getattr(dat.module, name, None)
            if function is not None:
                function(self._comp, info)
        except Exception as error:  # noqa: BLE001 the user's code may raise anything
            self.set("Lasterror", f"{name} in {dat.path}: {error}")

    def channels(self) -> dict[str, float]:
        """What the CHOP shows; see figures.py."""
        par = self._comp.par
        return self._figures.channels(str(par.State.eval()), float(par.Tempobar.eval()))

    def cook(self) -> None:
        """Have the CHOP show it now."""
        self._comp.op("figures").cook(force=True)

    def status(self, state, output_fps, engine_fps, latency_ms, tempo=0.0, beat=0.0) -> None:
        """What the backend says of itself."""
        was = self._comp.par.State.eval()
        for name, value in (("State", state), ("Outputfps", output_fps), ("Enginefps", engine_fps)):
            self.set(name, value)
        self.set("Latency", latency_ms)
        if state == "running" and was != "running":
            self.call("onReady", state=state)
        self.call("onStatus", state=state, outputfps=output_fps, enginefps=engine_fps, latency=latency_ms)
        self._figures.take(output_fps, engine_fps, latency_ms, tempo, beat)

    def error(self, address: str, reason: str) -> None:
        """The backend could not do something."""
        self.set("Lasterror", f"{address}: {reason}")
        self.call("onError", address=address, reason=reason)

    def fail(self, reason: str) -> None:
        """There is no backend, and why."""
        self.set("State", "failed")
        self.set("Lasterror", reason)
        self.call("onError", address="", reason=reason)

    def log(self, lines: str) -> None:
        """The end of the backend's log."""
        dat = self._comp.op("log")
        if lines != dat.text:
            dat.text = lines
            self.set("Lastline", lines.splitlines()[-1] if lines else "")

    def at_rest(self, state: str) -> None:
        """Nothing runs. state: "stopped" or "failed"."""
        self.set("State", state)
        self.set("Pageaddress", "")
        for name in ("Outputfps", "Enginefps", "Latency"):
            self.set(name, 0.0)
        self._figures.clear()
        self.cook()
