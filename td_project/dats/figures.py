# Callbacks of the Script CHOP that shows the figures of the show as channels.


def onCook(scriptOp):
    scriptOp.clear()
    scriptOp.numSamples = 1
    for name, value in scriptOp.parent().ext.VaceLive.Figures().items():
        scriptOp.appendChan(name)[0] = value
