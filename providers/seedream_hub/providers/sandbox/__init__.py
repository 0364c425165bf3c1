"""An HTTP server that speaks the Ark dialect and draws its pictures itself: no key, no network, no model."""
