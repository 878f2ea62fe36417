"""Who moves the controls, and how: OSC, MIDI, presets, tempo."""
