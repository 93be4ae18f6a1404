"""How the client behaves when the server, the network or the disk does not."""
