"""What widgets of Open Stage Control do in JavaScript (openstagecontrol.ammd.net/docs/widgets/scripting).

`send` acts in a script that a hand has caused, and in the root's `onCreate`; what a message has caused sends nothing.
"""

from __future__ import annotations

from ..show_page import ELLIPSE

SUBSCRIBE = """
globals.heard = 0
globals.asked = 0
function subscribe() {
  var now = Date.now()
  if (now - globals.asked > 20000 || now - globals.heard > 3000) {
    globals.asked = now
    send('%s', '/vace/subscribe')
  }
}
subscribe()
setInterval('subscribe', subscribe, 2000)
"""
"""Of the root, with the target put in: subscribe at once, every twenty seconds, and every two while nothing is heard,
so that a program that was started again is heard at once."""
STATE = """
globals.heard = Date.now()
if (Array.isArray(value)) {
  set('this', value[0] + '  ' + Math.round(value[1]) + ' fps', {send: false, script: false})
}
"""
"""Of the text at `/vace/status`: state, frames out, frames of the engine, latency."""
ERROR = """
if (Array.isArray(value)) {
  set('this', value.join(': '), {send: false, script: false})
  setTimeout('error', function() { set('this', '', {send: false, script: false}) }, 10000)
}
"""
SPACED = """
if (Array.isArray(value)) {
  set('this', value.join(' '), {send: false, script: false})
}
"""
"""Of an input for several numbers: shown, and sent, as one text with spaces between them."""
LISTED = """
if (Array.isArray(value)) {
  set('this', value.join('; '), {send: false, script: false})
} else {
  var texts = String(value).split(';').map(function(text) { return text.trim() })
  send.apply(null, ['%s', '%s'].concat(texts.filter(function(text) { return text })))
}
"""
"""Of an input for several texts, with the target and the address put in: shown with semicolons, sent as arguments."""
PAD = """
send('%s', '%s', {type: 'f', value: value[0]})
send('%s', '%s', {type: 'f', value: value[1]})
"""
"""Of a pad of two controls: target and address of each. Its upright axis goes from the top down."""
ACROSS = "set('%s', [value, get('%s')[1]], {send: false})"
DOWN = "set('%s', [get('%s')[0], value], {send: false})"
"""Of what hears the two controls of a pad: the pad's id, twice."""
SHAPE = f"""
var place = get('ellipse centre')
var size = get('ellipse radii')
send('%s', '{ELLIPSE}', {{type: 'f', value: place[0]}}, {{type: 'f', value: place[1]}},
  {{type: 'f', value: size[0]}}, {{type: 'f', value: size[1]}})
"""
"""Of both pads of the ellipse, with the target put in."""
SHAPE_HEARD = """
if (Array.isArray(value) && value.length == 4) {
  set('ellipse centre', [value[0], value[1]], {send: false})
  set('ellipse radii', [value[2], value[3]], {send: false})
}
"""
