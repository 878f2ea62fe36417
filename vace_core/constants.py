"""Sizes that Wan2.1's autoencoder fixes for everything here."""

FRAMES_PER_LATENT = 4
"""Pixel frames that a latent frame stands for; the first one of a stream stands for one frame."""
PIXELS_PER_LATENT = 8
"""Rows, and columns, of pixels that a latent cell stands for."""
