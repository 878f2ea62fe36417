"""How a show is doing, as the page, the status line, OSC and `run --json` say it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from bridge.control.osc.counters import OscCounters
from bridge.counts import Count

NO_OUTPUT_SECONDS = 2.0
"""Without a tick for so long, there is nothing on the output."""


def show_state(engine: str, source_lost: bool, idle_for: float) -> str:
    """The word for a show. engine: that of its engine; idle_for: seconds since the output had a tick."""
    if idle_for > NO_OUTPUT_SECONDS and engine != "stopped":
        return "no output"
    return "source lost" if source_lost and engine in ("running", "degraded", "stalled") else engine


@dataclass(frozen=True)
class FrontStatus:
    """Of one moment. Rates are those of the seconds before it; counts are since the start of the show."""

    state: str
    """That of the engine (`engine_state.STATES`); "source lost" if it runs without frames to restyle, "no output" if
    there is nothing on the output."""
    output_fps: float
    """Frames per second on the output: one a tick."""
    engine_fps: float
    """Frames per second that the engine makes."""
    distinct_fps: float
    """Frames of the engine per second that come onto the output, each counted once."""
    distinct_ms_p99: float
    """99th percentile of the milliseconds from one of the engine's frames on the output to the next."""
    latency_ms: int
    """Milliseconds from a source's frame being seen to its restyled frame being on the output; 0 before the first."""
    gather_ms: int
    """Of the latency: a chunk's first frame waits until the chunk is full, and is begun."""
    generate_ms: int
    """Of the latency: until the chunk's first frames are finished; the next four are parts of it."""
    annotate_ms: int
    """The control video and the masks are made."""
    encode_ms: int
    """They are encoded."""
    denoise_ms: int
    decode_ms: int
    """Until the first frames are decoded."""
    wait_ms: int
    """Of the latency: until it is the frame's turn on the output."""
    tick_ms: int
    """Of the latency: until the tick that shows it."""
    seconds: float
    """Since the show began."""
    pipeline: str
    device: str
    """Where the model runs; "" until it is loaded."""
    precision: str
    """The number format that the model's blocks multiply in, as "bfloat16"; "" until it is loaded."""
    attention: str
    """The kernels that its attention runs on; "" until it is loaded."""
    graphs: str
    """Whether its network calls are recorded as graphs and replayed, "on" or "off" with the reason; "" until it is
    loaded."""
    graphs_recorded: int
    """How many network calls are replayed by now."""
    mode: str
    """Of the last chunk, as inferred from what it was given ("control", "inpainting", ...); "" before the first."""
    width: int
    """Pixels of the output."""
    height: int
    target_fps: float
    """Frames per second that the engine makes at most, and the output's rate where it keeps its own clock."""
    clock: str
    """Whose clock the output keeps: "own", "source" or "tick"."""
    clock_fps: float
    """Ticks per second of that clock."""
    clock_changes: Count
    """How often a host has turned to another rate."""
    chunk_ms: float
    """Median of the milliseconds that the last chunks took."""
    chunks: Count
    restarts: Count
    """How often the engine was started again."""
    hangs: Count
    """How often of those because it hung."""
    degraded: str
    """What the engine gives up so that the show goes on; "" for nothing."""
    loading: str
    """What the engine does while it starts, as "compiling the encoder"; "" for nothing that takes long."""
    faults: Count
    """What went wrong, each time that it did; the list of events has all of it."""
    last_fault: str
    ticks: Count
    ticks_missed: Count
    """Ticks that came too late to happen at all."""
    tick_error_p99_ms: float
    """99th percentile of the milliseconds by which ticks came late."""
    ticks_starved: Count
    """Ticks that had to show an old frame again although a new one should have come."""
    ticks_mixed: Count
    """Ticks that wanted optical flow before it was found, and mixed two frames instead."""
    delay_ms: int
    """Milliseconds that the output plays behind the source."""
    source: str
    """Frame address of the source that is read now."""
    source_fps: float
    """Frames per second that the source gives."""
    source_size: str
    """Pixels of the source's frames as they come, as "1920x1080"; "" before the first."""
    source_cut: float
    """Per cent of them that are cut off, as the output has another shape."""
    source_losses: Count
    """How often the source fell silent."""
    source_size_changes: Count
    sent: Count
    """Frames that sinks have taken, all sinks together."""
    not_sent: Count
    """Frames dropped because a sink was too slow, all sinks together."""
    recording: str
    """Path of the file that is being written; "" for none."""
    memory_mb: float
    """Megabytes that the program takes, without its engine."""
    threads: int
    """Of the program, without its engine."""
    handles: int
    """Open files, sockets and shared memories of the program, without its engine."""
    failed_sinks: str
    """Frame addresses of the sinks that nothing goes to any more, with commas between them."""
    tempo: float
    """Beats per minute."""
    beat: float
    """Place in the bar, from 1.0."""
    tempo_source: str
    """Whose beat it is: "own", "midi" or "link"."""
    waiting_for_the_beat: int
    """Changed values and presses that wait for the beat that they are quantised to."""
    cue: str
    """The cue that was gone to last; "" before the first."""
    osc: OscCounters | None
    """What the OSC server has counted; None without one."""

    def as_dict(self) -> dict[str, object]:
        """For JSON and the page: a figure or a word by name; the OSC server's counters begin with `osc_`."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "osc"}
        counters = {} if self.osc is None else {f"osc_{name}": count for name, count in asdict(self.osc).items()}
        return values | counters

    def heartbeat(self) -> list[object]:
        """What `/vace/status` tells subscribers: state, output_fps, engine_fps, latency_ms, tempo, beat."""
        return [self.state, self.output_fps, self.engine_fps, self.latency_ms, self.tempo, self.beat]
