"""How bytes travel: pool, token, time-outs, retries, redirects, redaction. Knows no endpoint."""
