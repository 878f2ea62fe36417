"""Files whose tests take longest, first the longest: begun last, one would keep a worker busy while the others idle."""

LONGEST = (
    "tests/wine",
    "tests/vace_core/test_pipelines.py",
    "tests/backend/engine/test_mixes.py",
    "tests/backend/measure/soak/test_trials.py",
    "tests/backend/measure/soak/test_soak.py",
    "tests/backend/front/test_front.py",
    "tests/backend/front/test_supervisor.py",
    "tests/test_examples.py",
    "tests/vace_core/pocket/training/test_training.py",
    "tests/vace_core/test_compilation.py",
    "tests/vace_core/test_passes.py",
    "tests/vace_core/test_switches.py",
    "tests/vace_core/parallel/test_two_ranks.py",
    "tests/vace_core/checkpoints/test_load_state.py",
    "tests/vace_core/checkpoints/test_published.py",
    "tests/test_plugins.py",
    "tests/test_reference.py",
    "tests/test_packaging.py",
    "tests/backend/cli/test_run.py",
    "tests/backend/cli/test_supervise.py",
    "tests/backend/cli/test_evaluate.py",
    "tests/backend/engine/test_process.py",
    "tests/backend/engine/ranks/test_kills.py",
    "tests/backend/front/test_every_thread.py",
    "tests/backend/measure/bench/test_matrix.py",
    "tests/backend/measure/bench/test_osc.py",
    "tests/backend/measure/evaluate/test_run.py",
    "tests/backend/panel/test_five_tasks.py",
)


def scope_of(file: str) -> str:
    """What one worker runs whole: a file, as its tests share fixtures; of those under Wine all, as they share one
    Windows."""
    return "tests/wine" if file.startswith("tests/wine/") else file


def place(scope: str, tests: int) -> tuple[int, int]:
    """Before which others a scope of so many tests begins: the smallest is first."""
    return (LONGEST.index(scope) if scope in LONGEST else len(LONGEST), -tests)
