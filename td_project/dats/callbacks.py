# Yours: what should happen in your project when something happens in VACE Live. Each gets the component and a
# dictionary; leave out or empty what you don't need. They run on the main thread, so keep them short.


def onReady(comp, info):
    """The backend is there and restyles. info: state."""


def onStatus(comp, info):
    """Twice a second. info: state, outputfps, enginefps, latency (milliseconds)."""


def onValue(comp, info):
    """Somebody else moved a control. info: address, args."""


def onPrompt(comp, info):
    """The prompt is another one: of a bank, a preset, a controller. info: prompt."""


def onError(comp, info):
    """Something could not be done. info: address, reason."""


def onStopped(comp, info):
    """The backend has ended. info: code (0: as it should), log (the last lines of its log)."""
