"""The web server that OSCQuery and the page share, and who may talk to it."""
