"""Tempo: set, tapped, from a MIDI clock or Ableton Link."""
