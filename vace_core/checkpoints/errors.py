"""What can be wrong with a checkpoint."""


class CheckpointError(ValueError):
    """A weights file that cannot be read, or is not of the expected model. The message names file and keys."""
