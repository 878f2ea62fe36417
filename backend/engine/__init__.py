"""The process that owns the GPU: frames in, chunks out."""
