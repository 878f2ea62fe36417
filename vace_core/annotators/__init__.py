"""Controls, masks and boxes made of pictures. It imports nothing: the front reads `choice` without torch."""
