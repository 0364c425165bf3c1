"""One module a dialect: a pure check of the request, and the bodies it answers with; figures in JSON beside it."""
