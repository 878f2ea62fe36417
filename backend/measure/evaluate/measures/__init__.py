"""What is measured, each a function of pictures: uint8 [F, H, W, 3], or values [F, H, W] in 0..1."""
