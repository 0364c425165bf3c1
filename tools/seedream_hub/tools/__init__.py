"""One file a tool: what the agent sees, and the result it gets."""
