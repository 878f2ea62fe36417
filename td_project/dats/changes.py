# Callbacks of the Parameter Execute DAT: what the user does on the component's pages goes to the extension.


def onValueChange(par, prev):
    par.owner.ext.VaceLive.Changed(par)


def onPulse(par):
    par.owner.ext.VaceLive.Pulsed(par)
