"""Surfaces for touch screens, generated from the table of controls."""
