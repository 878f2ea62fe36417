"""The program under a host that behaves badly."""
