"""From file to file, by the loop of the live program."""
