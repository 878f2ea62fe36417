"""TouchDesigner's Shared Mem TOPs."""
