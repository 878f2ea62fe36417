"""OSC by UDP and TCP: packets, addresses, answers and subscribers."""
