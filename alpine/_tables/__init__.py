"""Tables that arrive as text: where their rows end, whether they are whole, and the types of their columns."""
