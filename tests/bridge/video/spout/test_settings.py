"""What Spout is set to for all programs of a machine, read from the registry of Windows."""

from __future__ import annotations

import logging
import sys

import numpy as np
import pytest

from bridge.video.frames import Frame
from bridge.video.spout import settings
from bridge.video.spout.transport import SpoutSink, SpoutSource

from ..fake_windows import Machine
from .fake_spoutgl import FakeSpoutGL
from .fake_winreg import REG_DWORD, REG_SZ, FakeWinreg

KEY = r"Software\Leading Edge\Spout"


@pytest.mark.parametrize(
    ("entries", "shares"),
    [
        ({KEY: {"MemoryShare": (1, REG_DWORD)}}, True),
        ({KEY: {"MemoryShare": (0, REG_DWORD)}}, False),
        ({KEY: {"MemoryShare": ("1", REG_SZ)}}, False),  # which Spout does not read
        ({KEY: {"Framecount": (1, REG_DWORD)}}, False),
        ({}, False),
    ],
)
def test_pictures_go_by_main_memory_where_spouts_own_number_says_so(monkeypatch, entries, shares):
    monkeypatch.setitem(sys.modules, "winreg", FakeWinreg(entries))
    assert settings.shares_main_memory() is shares


def test_they_do_not_where_there_is_no_registry(monkeypatch):
    monkeypatch.setitem(sys.modules, "winreg", None)
    assert settings.shares_main_memory() is False


@pytest.mark.parametrize("kind", [SpoutSource, SpoutSink])
def test_a_source_and_a_sink_say_what_it_means_and_what_to_do(monkeypatch, caplog, kind):
    machine = Machine()
    host = FakeSpoutGL(machine.process())
    with SpoutSink("TD", 24, 16, 60.0, objects=host.process, library=host) as theirs:
        theirs.send(Frame(np.zeros((16, 24, 4), np.uint8), 0, 0.0))
        ours = FakeSpoutGL(machine.process())
        caplog.clear()
        for value in (0, 1):
            monkeypatch.setitem(sys.modules, "winreg", FakeWinreg({KEY: {"MemoryShare": (value, REG_DWORD)}}))
            with caplog.at_level(logging.WARNING):
                kind("TD", 24, 16, 60.0, objects=ours.process, library=ours).close()
            said = [record.getMessage() for record in caplog.records]
            assert len(said) == value
    assert "black" in said[0]
    assert 'reg delete "HKCU\\Software\\Leading Edge\\Spout" /v MemoryShare /f' in said[0]
