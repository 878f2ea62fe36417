"""A show's log, on the terminal and in its file."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from backend.runtime.logs import show_logging

PROGRAM = """
import logging, sys
from pathlib import Path
from backend.runtime.logs import show_logging, start_engine_logging
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
path = Path(sys.argv[1]) if sys.argv[1] != "off" else None
"""
LOGS_ONE = PROGRAM + "with show_logging(path): logging.getLogger('a').info('a café')"
LOGS_MUCH = PROGRAM + (
    "with show_logging(path):\n"
    " for number in range(20_000): logging.getLogger('a').info('%d %s', number, 'x' * 100)\n"
    " print('said', file=sys.stderr)\n"
    "print('vace: the end', file=sys.stderr)\n"
    "print('ended')"
)


def program(code: str, *arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, **options)


def test_lines_have_times_on_the_terminal_and_dates_and_places_in_the_file(tmp_path: Path):
    path = tmp_path / "new folder" / "vace.log"
    with program(LOGS_ONE, str(path), stderr=subprocess.PIPE) as ended:
        _, err = ended.communicate(timeout=60)
    assert re.fullmatch(r"\d\d:\d\d:\d\d a café\n", err)
    held = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO a: a café\n", held)


def test_what_the_engine_warns_of_is_in_a_file_beside_the_show_s(tmp_path: Path):
    code = PROGRAM.replace("logging.basicConfig", "0 and logging.basicConfig")
    code += "start_engine_logging(path, False); logging.getLogger('a').warning('hot'); logging.getLogger('a').info('-')"
    with program(code, str(tmp_path / "vace.log"), stderr=subprocess.PIPE) as ended:
        _, err = ended.communicate(timeout=60)
    assert re.fullmatch(r"\d\d:\d\d:\d\d engine: hot\n", err)
    assert (tmp_path / "vace.engine.log").read_text().endswith("WARNING a: hot\n")


def test_a_pipe_that_nobody_reads_holds_up_neither_the_program_nor_its_end_nor_the_file(tmp_path: Path):
    path = tmp_path / "vace.log"
    with program(LOGS_MUCH, str(path), stderr=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        assert ended.stdout.read() == "ended\n"
        assert ended.wait(60) == 0
    assert "INFO a: 0 xxx" in "".join(each.read_text() for each in tmp_path.glob("vace.log*"))


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptors as a shell closes them")
@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full", "2>/dev/null"])
def test_a_closed_or_full_stderr_is_survived(tmp_path: Path, how: str):
    shell = f'"$0" -c "$1" "$2" {how}'
    ran = subprocess.run(
        ["sh", "-c", shell, sys.executable, LOGS_ONE + "\nprint('ended')", str(tmp_path / "vace.log")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "ended\n")
    assert "a café" in (tmp_path / "vace.log").read_text(encoding="utf-8")


def test_a_second_program_has_a_file_of_its_own(tmp_path: Path):
    path = tmp_path / "vace.log"
    with FileLock(f"{path}.lock"), show_logging(path) as chosen:
        assert chosen == tmp_path / "vace-2.log"
    with show_logging(path) as chosen:
        assert chosen == path


def test_a_file_that_cannot_be_is_told_and_the_show_goes_on(tmp_path: Path, caplog):
    (tmp_path / "file").write_text("")
    with show_logging(tmp_path / "file" / "vace.log") as chosen:
        assert chosen is None
    [record] = caplog.records
    assert "--log FILE" in record.getMessage()


def test_everything_is_as_before_afterwards(tmp_path: Path):
    before = sys.stderr, list(logging.getLogger().handlers)
    with show_logging(tmp_path / "vace.log"):
        assert len(logging.getLogger().handlers) == len(before[1]) + 1
    assert (sys.stderr, list(logging.getLogger().handlers)) == before
