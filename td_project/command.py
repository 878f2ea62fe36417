"""The backend's command line, from the component's parameters; pure but for the ports that it finds."""

from __future__ import annotations

LORAS = 4


class Wiring:
    """What one start of a backend is called and reached by, for this component alone.

    tag: what its senders are called by; osc, panel: ports, panel 0 for no page; name: see --name; scheme: of its frame
    addresses, spout, syphon or touch. No dataclass: those look for their module, and a DAT's is in no list of modules.
    """

    def __init__(self, tag: str, name: str, osc: int, panel: int, scheme: str, presets: str) -> None:
        self.name, self.osc, self.panel, self.scheme, self.presets = name, osc, panel, scheme, presets
        names = {"frames": "in", "mask": "mask", "control": "control", "output": "out"}
        self.senders = {what: f"vace-{word}-{tag}" for what, word in names.items()}
        """By what they carry: "frames", "mask" and "control" go there, "output" comes back."""

    def address(self, what: str) -> str:
        """The frame address of one of its senders."""
        return f"{self.scheme}:{self.senders[what]}"


def command_line(par, wiring: Wiring, extra: list[str]) -> list[str]:
    """What start.py is given. par: the component's parameters; extra: further words, which go before ours."""
    command = ["start.py", "run", "--until-stdin-ends"]
    command += ["--source", wiring.address("frames"), "--sink", wiring.address("output")]
    command += ["--osc", f"127.0.0.1:{wiring.osc}", "--oscquery", "off", "--name", wiring.name]
    command += ["--panel", f"127.0.0.1:{wiring.panel}" if wiring.panel else "off"]
    command += ["--presets", wiring.presets] if wiring.presets else []
    for option, parameter in (("--pipeline", "Pipeline"), ("--device", "Device"), ("--models", "Modelfolder")):
        value = str(par[parameter].eval())
        command += [option, value] if value else []
    if str(par["Quantise"].eval()) != "none":
        command += ["--quantise", str(par["Quantise"].eval())]
    for number in range(1, LORAS + 1):
        file = str(par[f"Lorafile{number}"].eval())
        command += ["--lora", file] if file else []
    for option, parameter in (("--width", "Width"), ("--height", "Height")):
        if int(par[parameter].eval()):
            command += [option, str(int(par[parameter].eval()))]
    return command + extra
