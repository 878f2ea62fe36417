"""OSCQuery: the tree of controls by HTTP, values by WebSocket, found by mDNS."""
