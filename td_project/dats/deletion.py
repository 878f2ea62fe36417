# Callbacks of the OP Execute DAT, which watches the component itself.


def onDestroy(changeOp):
    extension = getattr(changeOp.ext, "VaceLive", None)
    if extension is not None:
        extension.Leave()
