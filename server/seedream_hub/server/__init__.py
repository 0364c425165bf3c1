"""MCP wiring, transports, settings and the command line."""
