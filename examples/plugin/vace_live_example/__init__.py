"""One of each thing that another package can bring to VACE Live."""
