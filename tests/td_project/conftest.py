from pathlib import Path

import pytest

from tests.td_project.fake_td import Op
from tests.td_project.stage import SLEEPER, Listener, component, end, give, status


@pytest.fixture
def comp(tmp_path: Path):
    """A component whose backend is a script of the test's; nothing of it is left running."""
    made = component(tmp_path)
    yield made
    end(made)


@pytest.fixture
def listener(comp: Op):
    """The component with a backend that is ready, and has taken the project's values."""
    give(comp, SLEEPER)
    comp.par.Followclock.val = False
    comp.par.Start.pulse()
    listener = Listener(comp)
    comp.draw(0)
    status(comp)
    comp.draw(1)
    listener.heard()
    yield listener
    listener.close()
