# Callbacks of the OSC In DAT: what the backend says goes to the extension.


def onReceiveOSC(dat, rowIndex, message, byteData, timeStamp, address, args, peer):
    dat.parent().ext.VaceLive.Receive(address, args)
