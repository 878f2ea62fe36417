"""The program that a rig runs: front process, engine process, offline rendering, measurements."""
