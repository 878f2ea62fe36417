"""Everything that crosses the border of the process: frames in and out, controls in and back."""
