"""One file a dialect, one client that owns the network, and the sandbox."""
