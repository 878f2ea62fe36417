"""One stream over several devices: the engine is rank 0 and has a worker process for each other rank.

The engine alone meets frames, prompts and annotators; `vace_core.parallel` says how the ranks share the transformer.
"""
