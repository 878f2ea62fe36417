"""Controls in, values and errors back."""
