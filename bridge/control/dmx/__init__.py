"""DMX from lighting desks, by sACN and Art-Net."""
