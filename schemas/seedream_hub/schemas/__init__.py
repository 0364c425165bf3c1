"""The documented limits as data, and the request, result and error models. Pure: no I/O."""
