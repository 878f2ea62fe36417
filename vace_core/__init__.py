"""The streaming VACE engine: tensors in, tensors out. It knows no host, network or clock."""
