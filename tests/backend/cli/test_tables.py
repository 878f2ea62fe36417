import json

import py2tosc

from backend.cli import main
from backend.controls.table import TABLE
from bridge.layouts.files import OPEN_STAGE_CONTROL, OSC_MAP, TOUCHOSC, TOUCHOSC_PHONE


def test_controls_as_json_is_one_object(capsys):
    assert main.main(["controls", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["controls"]
    assert [row["address"] for row in rows] == [row.address for row in TABLE]


def test_controls_as_markdown_and_for_a_person(capsys):
    assert main.main(["controls", "--markdown"]) == 0
    assert main.main(["controls"]) == 0
    assert capsys.readouterr().out.count("/vace/mask/source") == 2


def test_layouts_are_written_and_named(capsys, tmp_path):
    directory = tmp_path / "new" / "folder"
    assert main.main(["layouts", str(directory), "--osc", "192.168.1.20:9100"]) == 0
    written = capsys.readouterr().out.splitlines()
    names = (TOUCHOSC, TOUCHOSC_PHONE, OPEN_STAGE_CONTROL, OSC_MAP)
    assert written == [str(directory / name) for name in names]
    assert all((directory / name).is_file() for name in names)
    assert '"target": "192.168.1.20:9100"' in (directory / OPEN_STAGE_CONTROL).read_text(encoding="utf-8")
    assert len(py2tosc.load(directory / "vace-live.tosc").find_all()) > len(TABLE)


def test_layouts_that_cannot_be_written_are_said_in_one_line(capsys, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert main.main(["layouts", str(file)]) == 1
    assert capsys.readouterr().err.startswith("vace: ")
