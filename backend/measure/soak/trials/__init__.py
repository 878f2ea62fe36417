"""One promise a file, tried again and again: each gives the figures of a row of docs/reliability.md."""
