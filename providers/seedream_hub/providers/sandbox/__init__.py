"""An HTTP server that speaks every documented dialect and draws its pictures itself: no key, no network, no model."""
