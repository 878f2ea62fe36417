"""Published weights: which there are, where they lie on this machine, and how they come onto it."""
