"""The journal, the running of requests, and the image library on disk."""
