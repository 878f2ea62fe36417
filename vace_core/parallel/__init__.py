"""One stream over several devices by sequence parallelism (DeepSpeed-Ulysses, arXiv 2309.14509).

Each rank runs the same `Stream.step` with the same controls, holds a share of the tokens of every latent frame, and
norms, projects and feeds them forward. Self-attention needs all tokens but not all heads, so around it the ranks
exchange: from my tokens of all heads to all tokens of my heads, and back. What a stream remembers is of a rank's own
heads only. Encoding, decoding, noise and the schedule are the same on every rank.
"""

from .ranks import ALONE, Ranks
from .split import WHOLE, TokenSplit

__all__ = ["ALONE", "WHOLE", "Ranks", "TokenSplit"]
