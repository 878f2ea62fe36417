"""What TouchOSC's own messages cannot do, in Lua: subscribing, the state of the show, its errors, and a shape of four
numbers that two pads set.

A script hears of every message, and may set the values of other nodes by their names (hexler.net/touchosc/manual, under
Script).
"""

from __future__ import annotations

from ..show_page import ELLIPSE, ERROR, SAVE, STATUS

FEEDBACK_PORT = 9010
"""What TouchOSC's connection must have for its receive port, so that it shows what others have set."""
STATE_NODE, ERROR_NODE, CENTRE_NODE, RADII_NODE = "state", "error", "ellipse centre", "ellipse radii"
SCRIPT = f"""
local last = nil
local heard = 0
local failed = nil

function update()
  local now = getMillis()
  if last == nil or now - last > 20000 or (now - last > 2000 and now - heard > 3000) then
    last = now
    sendOSC('/vace/subscribe', {FEEDBACK_PORT})
  end
  if failed ~= nil and now - failed > 10000 then
    failed = nil
    show('{ERROR_NODE}', '')
  end
end

function show(name, text)
  local node = self:findByName(name, true)
  if node ~= nil then
    node.values.text = text
  end
end

function move(name, x, y)
  local node = self:findByName(name, true)
  if node ~= nil then
    node.values.x = x
    node.values.y = y
  end
end

function onReceiveOSC(message, connections)
  local path = message[1]
  local arguments = message[2]
  heard = getMillis()
  if path == '{STATUS}' and #arguments >= 4 then
    show('{STATE_NODE}', string.format('%s  %.0f fps', arguments[1].value, arguments[2].value))
  elseif path == '{ERROR}' and #arguments >= 2 then
    failed = getMillis()
    show('{ERROR_NODE}', arguments[1].value .. ': ' .. arguments[2].value)
  elseif path == '{ELLIPSE}' and #arguments >= 4 then
    move('{CENTRE_NODE}', arguments[1].value, 1 - arguments[2].value)
    move('{RADII_NODE}', 2 * arguments[3].value, 2 * arguments[4].value)
  end
end
"""
"""Of the document. A subscription lasts a minute, and brings all values; while nothing is heard it is asked for every
two seconds, so that a program that was started again is heard at once. An error is shown for ten seconds."""
PAD_SCRIPT = f"""
function onValueChanged(key)
  if self.values.touch and (key == 'x' or key == 'y') then
    local centre = self.parent:findByName('{CENTRE_NODE}', true)
    local radii = self.parent:findByName('{RADII_NODE}', true)
    sendOSC('{ELLIPSE}', centre.values.x, 1 - centre.values.y, radii.values.x / 2, radii.values.y / 2)
  end
end
"""
"""Of both pads of the ellipse: what either is drawn to sends all four numbers, and what a message moves sends none.
TouchOSC's y goes from the bottom up, the picture's from the top down; a radius goes up to half of the picture."""
SAVE_SCRIPT = f"""
local tapped = nil

function onValueChanged(key)
  if key == 'x' and self.values.x == 1 then
    local now = getMillis()
    if tapped ~= nil and now - tapped < 1500 then
      tapped = nil
      sendOSC('{SAVE}', '%s')
    else
      tapped = now
    end
  end
end
"""
"""Of a button that saves a preset, with its name put in: two taps, as one could be by accident."""
