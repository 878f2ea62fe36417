# Callbacks of the Execute DAT. `me` is this DAT, given by TouchDesigner.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false


def onStart():
    me.parent().ext.VaceLive.ProjectStarted()


def onFrameStart(frame):
    me.parent().ext.VaceLive.Frame(frame)


def onExit():
    me.parent().ext.VaceLive.Leave()
