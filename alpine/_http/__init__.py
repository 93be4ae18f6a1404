"""How bytes travel: requests and responses, retries, deadlines, token, connection pool, redaction. Knows no endpoint.

requests and urllib3 do what they do well when asked rightly: pools, TLS, proxies, cookies, decoding, the arithmetic of
retries. What is done here instead, and why:

- ``transport`` prepares requests itself, and ``adapter`` sends them and builds the response: requests looks up proxies,
  certificates, cookies and hooks again for each one. Of the time that a small call takes with requests alone, this
  client takes 0.55; 0.69 where requests prepares, 0.72 where it sends, 0.83 where it does both (one run of ``python -m
  benchmarks.parts``).
- ``transport`` and ``retry`` have the loop over attempts: urllib3's repeats by HTTP method, prints the URL with the
  token, and drops the body of the last refusal.
- ``connection`` checks what http.client takes on trust: interim responses, negative chunk sizes, heads and drips
  without end, bytes that nobody asked for, compressed bodies that stop early. Without it a response can be taken for
  that of another request.
- ``deadline`` limits all of a request; time-outs of a socket only limit the wait for the next byte.
- ``failure`` tells errors apart and in words: requests' own print the URL with the token.
"""
