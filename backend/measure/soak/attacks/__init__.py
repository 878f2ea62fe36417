"""What is done to a show from outside: one family of attacks a file."""
