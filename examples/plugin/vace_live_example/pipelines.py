"""A pipeline row: the bundled model with two thirds of its window. The row's own name says whose weights it runs on."""

from dataclasses import replace

from vace_core.config import PIPELINES

POCKET_BRIEF = replace(PIPELINES["pocket"], window=4)
